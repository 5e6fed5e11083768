"""Emails: which the shop sends, in whose words, and a test of each."""
