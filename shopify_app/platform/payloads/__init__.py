"""Webhook JSON → the domain's facts. Money is parsed here once; a misfit is a ShapeError."""
