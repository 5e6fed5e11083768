"""The members list: one keyset page, what can be asked of it, and deeds for many members."""
