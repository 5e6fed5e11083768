"""Redemptions: what they take, promise and refuse, and what becomes of them."""
