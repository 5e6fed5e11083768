"""Settings, Programme: what earns, what it buys, tiers, badges, expiry, places and the pause."""
