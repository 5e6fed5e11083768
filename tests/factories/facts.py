"""Orders, refunds and customers as facts, with sane defaults: a test states only what matters."""

from datetime import UTC, datetime, timedelta
from typing import Any

from loyalty.members.facts import CustomerFacts
from loyalty.orders.facts import LineFacts, OrderFacts, RefundFacts

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def a_customer(customer_id: int = 501, **changes: Any) -> CustomerFacts:
    """Alice as Shopify tells her."""
    usual: dict[str, Any] = {
        "customer_id": customer_id,
        "first_name": "Alice",
        "last_name": "Archer",
        "email": "alice@example.com",
        "phone": None,
        "has_account": True,
        "has_verified_email": True,
        "address": None,
        "customer_since": NOON - timedelta(days=100),
        "updated_at": NOON - timedelta(days=1),
    }
    return CustomerFacts(**usual | changes)


def a_line(line_id: int = 1, **changes: Any) -> LineFacts:
    """One piece for 10.00."""
    facts: dict[str, Any] = {
        "line_id": line_id,
        "title": "Candle",
        "product_id": 9001,
        "quantity": 1,
        "gross_minor": 1000,
        "discount_minor": 0,
        "included_tax_minor": 0,
        "is_gift_card": False,
        "is_tip": False,
    } | changes
    facts.setdefault("current_quantity", facts["quantity"])
    return LineFacts(**facts)


def an_order(order_id: int = 5123, *lines: LineFacts, **changes: Any) -> OrderFacts:
    """A paid order of Alice's, placed at noon."""
    lines = lines or (a_line(),)
    total = sum(line.gross_minor - line.discount_minor for line in lines)
    facts: dict[str, Any] = {
        "order_id": order_id,
        "name": f"#{order_id}",
        "customer": None,
        "customer_id": 501,
        "currency": "EUR",
        "taxes_included": False,
        "is_test": False,
        "is_paid": True,
        "source_name": "web",
        "location_id": None,
        "total_minor": total,
        "current_total_minor": total,
        "created_at": NOON,
        "processed_at": NOON,
        "cancelled_at": None,
        "updated_at": NOON,
        "lines": lines,
        "refunds": (),
    }
    told = facts | changes
    # As the reader of webhooks has it: paid by the time of a version that says so.
    told.setdefault("paid_at", told["updated_at"] if told["is_paid"] else None)
    return OrderFacts(**told)


def a_refund(refund_id: int = 77, order_id: int = 5123, **changes: Any) -> RefundFacts:
    """One piece of line 1 given back an hour later."""
    facts: dict[str, Any] = {
        "refund_id": refund_id,
        "order_id": order_id,
        "created_at": NOON + timedelta(hours=1),
        "money_minor": 0,
        "lines": ((1, 1),),
    }
    return RefundFacts(**(facts | changes))
