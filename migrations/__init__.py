"""The database's history, one revision a file; each runs as owner and never goes back."""
