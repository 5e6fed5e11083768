"""Tests of the stand-in for Apple, through its sockets alone."""
