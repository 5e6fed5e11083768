"""The pages inside Shopify admin, over HTTP and a real database."""
