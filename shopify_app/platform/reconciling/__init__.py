"""Shopify looked through for what no webhook brought; what is found is mended and reported."""
