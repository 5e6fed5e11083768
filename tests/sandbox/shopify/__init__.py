"""The stand-in for Shopify, driven over HTTP as an app and as a merchant would."""
