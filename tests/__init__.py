"""Tests mirror the packages; flows/ and browser/ cross them."""
