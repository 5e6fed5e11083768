"""Everything after the commit: drains, relay, subscribers, schedule; each is safe to run twice."""
