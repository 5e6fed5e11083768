"""The Admin GraphQL API: Shopify's real schema, executed on the store."""
