"""One member's page: its head, cards and tabs, and what staff can do for that member."""
