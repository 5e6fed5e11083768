"""Members and Shopify's customers."""
