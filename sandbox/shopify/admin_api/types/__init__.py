"""Resolvers of the fields that a record does not hold under their own name."""

from . import constants, customers, discounts, order_lines, orders, products, refunds, roots, shops

__all__ = [
    "constants",
    "customers",
    "discounts",
    "order_lines",
    "orders",
    "products",
    "refunds",
    "roots",
    "shops",
]
