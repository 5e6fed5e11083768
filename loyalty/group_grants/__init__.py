"""Points for all members of a segment at once, given in batches, and taken back so."""
