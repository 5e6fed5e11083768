"""Settings beside the programme: data requests, merges, wallets, the till, and who did what."""
