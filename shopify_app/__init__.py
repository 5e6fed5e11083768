"""Everything that speaks with Shopify: the platform side and the pages inside admin."""
