"""Tests of the till stand-in."""
