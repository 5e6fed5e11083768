"""Webhooks: what they say, to whom they go, and how they are delivered."""
