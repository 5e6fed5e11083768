"""Tests of the till's API."""
