"""The till's own books: limits per user and place, managers, second proofs, and grants."""
