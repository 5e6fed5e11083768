"""Resolvers of the fields that a record does not hold under their own name."""

from . import customers, discounts, order_lines, orders, products, refunds, roots, shops

__all__ = [
    "customers",
    "discounts",
    "order_lines",
    "orders",
    "products",
    "refunds",
    "roots",
    "shops",
]
