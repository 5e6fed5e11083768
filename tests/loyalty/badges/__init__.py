"""Badges: ready-made ones, the merchant's own, given once."""
