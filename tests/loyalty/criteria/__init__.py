"""The rule language over facts of members."""
