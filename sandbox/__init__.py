"""A whole world on one machine for demo and tests; it imports none of ours."""
