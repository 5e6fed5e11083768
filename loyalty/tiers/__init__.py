"""Tiers: status that members win by what they spend or earn, and keep for a time."""
