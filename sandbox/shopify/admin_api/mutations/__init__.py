"""Mutations: each changes the store, so that the next query sees it, or says why not."""

from . import (
    bulk,
    customers,
    discounts,
    metafield_definitions,
    metafields,
    orders,
    redeem_codes,
    staged_uploads,
    store_credit,
    webhooks,
)

__all__ = [
    "bulk",
    "customers",
    "discounts",
    "metafield_definitions",
    "metafields",
    "orders",
    "redeem_codes",
    "staged_uploads",
    "store_credit",
    "webhooks",
]
