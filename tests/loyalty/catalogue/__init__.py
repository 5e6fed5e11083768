"""Tests of the mirror of products."""
