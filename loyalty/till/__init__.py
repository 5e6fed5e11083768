"""What the till may do to a member: grants, capped per user and day."""
