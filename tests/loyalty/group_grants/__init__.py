"""Points for many: decided, given in batches, taken back."""
