"""Segments: named groups of members, by a rule, by hand, or both."""
