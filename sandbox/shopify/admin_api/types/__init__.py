"""Resolvers of the fields that a record does not hold under their own name."""

from . import (
    constants,
    customers,
    discounts,
    order_lines,
    orders,
    products,
    redeem_codes,
    refunds,
    roots,
    shops,
    store_credit,
)

__all__ = [
    "constants",
    "customers",
    "discounts",
    "order_lines",
    "orders",
    "products",
    "redeem_codes",
    "refunds",
    "roots",
    "shops",
    "store_credit",
]
