"""Campaigns: written, forecast, started, and what each brought with the fate of everybody."""
