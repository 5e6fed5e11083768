"""Campaigns: who is told, what becomes of it, and what it was good for."""
