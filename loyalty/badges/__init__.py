"""Badges: given once to whoever meets their criteria."""
