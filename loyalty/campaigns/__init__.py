"""Campaigns: a message to an audience, who was told it, and what came of it."""
