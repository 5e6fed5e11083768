"""Orders as Shopify last told them."""
