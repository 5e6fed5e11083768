"""Segments: their rules in rows, who is in them and why, and points for all of one."""
