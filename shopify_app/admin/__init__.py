"""The pages inside Shopify admin; every write carries a session token."""
