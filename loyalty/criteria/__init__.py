"""The small rule language over facts of members, for badges and segments."""
