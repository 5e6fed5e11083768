"""Rewards: saved, offered, priced, kept in stock, and told of when they come within reach."""
