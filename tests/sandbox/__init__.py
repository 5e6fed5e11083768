"""Tests of the stand-ins and the embedded servers."""
