"""The till's own books: limits, managers, second proofs."""
