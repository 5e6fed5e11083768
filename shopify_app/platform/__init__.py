"""Speaks Shopify both ways: install, webhooks, payloads, GraphQL; imports only loyalty."""
