"""REST payloads of an order's lines. Amounts are for the line's original quantity."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..store import totals
from ..store.money import ZERO
from ..store.orders import Order, OrderLine
from .payload_money import price, price_set


def line_payload(order: Order, line: OrderLine) -> dict[str, Any]:
    """A line item inside an order."""
    return {
        **goods_payload(order, line),
        "attributed_staffs": [],
        "current_quantity": line.current_quantity,
        "sales_line_item_group_id": None,
    }


def goods_payload(order: Order, line: OrderLine) -> dict[str, Any]:
    """What a line item is, wherever it stands; refunds show no more than this."""
    return {
        "id": line.id,
        "admin_graphql_api_id": line.gid,
        "title": line.title,
        "name": line.title,
        "variant_title": line.variant_title,
        "vendor": line.vendor,
        "sku": line.sku or "",
        "product_id": line.product_id,
        "product_exists": line.product_id is not None,
        "variant_id": line.variant_id,
        "variant_inventory_management": None,
        "quantity": line.quantity,
        "fulfillable_quantity": 0 if order.cancelled_at else line.current_quantity,
        "fulfillment_service": "manual",
        "fulfillment_status": None,
        "gift_card": line.is_gift_card,
        "grams": 0,
        "price": price(line.price),
        "price_set": price_set(line.price, order.currency),
        "total_discount": price(ZERO),
        "total_discount_set": price_set(ZERO, order.currency),
        "discount_allocations": _allocations(order, line),
        "tax_lines": tax_payloads([(t.title, t.rate, t.amount) for t in line.tax_lines], order),
        "taxable": line.taxable,
        "requires_shipping": line.requires_shipping,
        "properties": [],
        "duties": [],
    }


def tax_payloads(taxes: list[tuple[str, Decimal, Decimal]], order: Order) -> list[dict[str, Any]]:
    """Tax lines: title, rate and amount."""
    return [
        {
            "title": title,
            "rate": float(rate),
            "price": price(amount),
            "price_set": price_set(amount, order.currency),
            "channel_liable": False,
        }
        for title, rate, amount in taxes
    ]


def shipping_payload(order: Order) -> list[dict[str, Any]]:
    """The shipping line of an order that is sent."""
    if order.shipping == 0:
        return []
    shown, now = totals.paid_shipping(order), totals.current_shipping(order)
    return [
        {
            "id": order.id + 1,
            "carrier_identifier": None,
            "code": "Standard",
            "current_discounted_price_set": price_set(now, order.currency),
            "discounted_price": price(shown),
            "discounted_price_set": price_set(shown, order.currency),
            "is_removed": False,
            "phone": None,
            "price": price(order.shipping),
            "price_set": price_set(order.shipping, order.currency),
            "requested_fulfillment_service_id": None,
            "source": "shopify",
            "title": "Standard",
            "tax_lines": [],
            "discount_allocations": _shipping_allocations(order),
        }
    ]


def _allocations(order: Order, line: OrderLine) -> list[dict[str, Any]]:
    return [_allocation(order, a.amount, a.application_index) for a in line.allocations]


def _shipping_allocations(order: Order) -> list[dict[str, Any]]:
    index = order.shipping_application
    return [] if index is None else [_allocation(order, order.shipping_discount, index)]


def _allocation(order: Order, amount: Decimal, index: int) -> dict[str, Any]:
    return {
        "amount": price(amount),
        "amount_set": price_set(amount, order.currency),
        "discount_application_index": index,
    }
