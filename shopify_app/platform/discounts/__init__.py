"""Discounts in Shopify: codes made, found, ended and added in bulk; and store credit."""
