"""Carrying out privacy requests: all of a person gathered or erased, or a whole shop removed."""
