"""Emails: what is sent to whom, what came back of it, and who must not be written to."""
