"""The mirror of Shopify's products and collections, for the conditions of rules."""
