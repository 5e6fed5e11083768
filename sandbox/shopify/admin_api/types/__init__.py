"""Resolvers of the fields that a record does not hold under their own name."""

from . import customers, discounts, orders, products, roots, shops

__all__ = ["customers", "discounts", "orders", "products", "roots", "shops"]
