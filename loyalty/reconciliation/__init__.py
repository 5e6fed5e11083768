"""What was looked through for differences, and what was found."""
