"""Tiers: the metric, rising and falling, by hand, and what a change would do."""
