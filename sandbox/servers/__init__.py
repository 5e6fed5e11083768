"""Embedded PostgreSQL and Valkey: the binaries of pip packages, launched by us."""
