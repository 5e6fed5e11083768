"""REST payloads of refunds. A refund of money alone has no lines, only an adjustment."""

from __future__ import annotations

from typing import Any

from ..clock import rest_time
from ..store.money import ZERO
from ..store.orders import Order, Refund, RefundLine, Transaction
from ..store.shop import Shop
from .line_payloads import goods_payload, shipping_payload
from .payload_money import price, price_set


def refund_payload(shop: Shop, order: Order, refund: Refund) -> dict[str, Any]:
    """refunds/create, and each of an order's refunds."""
    at = rest_time(refund.created_at, shop.timezone)
    return {
        "id": refund.id,
        "admin_graphql_api_id": refund.gid,
        "order_id": order.id,
        "created_at": at,
        "processed_at": at,
        "note": refund.note,
        "user_id": shop.staff[0].id,
        "restock": False,
        "return": None,
        "duties": [],
        "total_duties_set": price_set(ZERO, order.currency),
        "refund_line_items": [_line(order, line) for line in refund.lines],
        "refund_shipping_lines": _shipping(order, refund),
        "order_adjustments": _adjustments(order, refund),
        "transactions": [_transaction(shop, order, t) for t in refund.transactions],
    }


def _line(order: Order, part: RefundLine) -> dict[str, Any]:
    line = order.line(part.line_id)
    assert line is not None
    return {
        "id": part.id,
        "line_item_id": part.line_id,
        "location_id": None,
        "quantity": part.quantity,
        "restock_type": part.restock_type,
        # Shopify writes these two as numbers, unlike all other amounts.
        "subtotal": float(part.subtotal),
        "total_tax": float(part.tax),
        "subtotal_set": price_set(part.subtotal, order.currency),
        "total_tax_set": price_set(part.tax, order.currency),
        "line_item": goods_payload(order, line),
    }


def _shipping(order: Order, refund: Refund) -> list[dict[str, Any]]:
    """Shipping that went back, without tax: the stand-in's shipping has none."""
    if refund.shipping == 0:
        return []
    return [
        {
            "id": refund.id + 1,
            "shipping_line": shipping_payload(order)[0],
            "subtotal_amount_set": price_set(refund.shipping, order.currency),
            "tax_amount_set": price_set(ZERO, order.currency),
        }
    ]


def _adjustments(order: Order, refund: Refund) -> list[dict[str, Any]]:
    """Money beyond (negative) or short of what the units cost."""
    if refund.adjustment == 0:
        return []
    return [
        {
            "id": refund.id + 2,
            "order_id": order.id,
            "refund_id": refund.id,
            "kind": "refund_discrepancy",
            "reason": "Refund discrepancy",
            "amount": price(refund.adjustment),
            "amount_set": price_set(refund.adjustment, order.currency),
            "tax_amount": price(ZERO),
            "tax_amount_set": price_set(ZERO, order.currency),
        }
    ]


def _transaction(shop: Shop, order: Order, transaction: Transaction) -> dict[str, Any]:
    at = rest_time(transaction.created_at, shop.timezone)
    unsettled = {"amount": "0.0", "currency": order.currency}
    return {
        "id": transaction.id,
        "admin_graphql_api_id": transaction.gid,
        "order_id": order.id,
        "kind": transaction.kind,
        "gateway": transaction.gateway,
        "status": "success",
        "message": None,
        "created_at": at,
        "processed_at": at,
        "test": order.test,
        "authorization": None,
        "location_id": order.location_id,
        "user_id": order.user_id,
        "parent_id": transaction.parent_id,
        "device_id": None,
        "error_code": None,
        "source_name": order.source_name,
        "receipt": {},
        "amount": price(transaction.amount),
        "currency": order.currency,
        "payment_id": f"{order.name}.1",
        "total_unsettled_set": {"presentment_money": unsettled, "shop_money": dict(unsettled)},
        "manual_payment_gateway": transaction.gateway == "cash",
        "amount_rounding": None,
    }
