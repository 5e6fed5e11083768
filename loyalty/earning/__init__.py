"""Points for orders, and taking them back."""
