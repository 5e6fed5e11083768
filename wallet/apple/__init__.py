"""Apple Wallet: pass files, the PassKit web service and push through APNs."""
