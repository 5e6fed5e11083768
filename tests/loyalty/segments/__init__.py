"""Segments by rule and by hand."""
