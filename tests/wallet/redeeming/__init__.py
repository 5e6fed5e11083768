"""Redeeming on the customer's page, against the stand-in for Shopify over real HTTP."""
