"""Benchmarks: each returns figures measured on this machine in this run, and none is kept."""
