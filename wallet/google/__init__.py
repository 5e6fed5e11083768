"""Google Wallet: a class per shop, an object per member, the save link, and Google's callbacks."""
