"""The append-only ledger and its lots."""
