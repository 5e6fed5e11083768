"""Shops, their directory and locations."""
