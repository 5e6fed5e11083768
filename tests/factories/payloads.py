"""Shopify's webhook payloads: customers, orders and refunds whose sums add up."""

import copy
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.factories.order_lines import (
    Line,
    Terms,
    discount_applications,
    discount_codes,
    line_items,
    sums,
)
from tests.factories.samples import Payload, identified, new_id, sample

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

__all__ = ["NOON", "Line", "Terms", "cancelled", "customer", "order", "refund", "refunded"]


def customer(
    *,
    id: int | None = None,
    first_name: str | None = "Alice",
    last_name: str | None = "Ito",
    email: str | None = "alice@example.com",
    updated_at: datetime = NOON,
    **fields: Any,
) -> Payload:
    """A customers/create or customers/update payload."""
    payload = identified(sample("customers/create"), "Customer", id)
    payload |= {"first_name": first_name, "last_name": last_name, "email": email}
    payload |= {"updated_at": updated_at.isoformat(), "created_at": NOON.isoformat()}
    payload["default_address"] |= {
        "id": new_id(),
        "customer_id": payload["id"],
        "first_name": first_name,
        "last_name": last_name,
        "name": f"{first_name} {last_name}",
    }
    return payload | fields


def order(
    lines: Sequence[Line] | None = None,
    terms: Terms | None = None,
    *,
    buyer: Payload | None = None,
    guest: bool = False,
    id: int | None = None,
    number: int = 1001,
    at: datetime = NOON,
    updated_at: datetime | None = None,
    **fields: Any,
) -> Payload:
    """An orders/* payload of `lines` (a bar of soap); a `guest` order names no customer."""
    lines, terms = lines or [Line()], terms or Terms()
    payload = identified(sample("orders/create"), "Order", id)
    payload |= {
        "name": f"#{number}",
        "order_number": number,
        "number": number - 1000,
        "currency": terms.currency,
        "presentment_currency": terms.presentment_currency or terms.currency,
        "taxes_included": terms.taxes_included,
        "financial_status": terms.financial_status,
        "source_name": terms.source_name,
        "location_id": terms.location_id,
        "user_id": terms.user_id,
        "test": terms.test,
        "confirmed": True,
        "cancel_reason": None,
        "cancelled_at": None,
        "tags": "",
        "discount_codes": discount_codes(terms),
        "discount_applications": discount_applications(lines, terms),
        "line_items": line_items(lines, terms),
    }
    payload |= dict.fromkeys(("created_at", "processed_at"), at.isoformat())
    payload["updated_at"] = (updated_at or at).isoformat()
    _set_buyer(payload, buyer, guest=guest)
    _set_totals(payload, terms)
    return payload | fields


def refund(
    order: Payload,
    quantities: dict[int, int] | None = None,
    *,
    amount: str | None = None,
    at: datetime = NOON,
) -> Payload:
    """A refunds/create payload: pieces by line id, or a sum of money alone with `amount`."""
    terms = _terms_of(order)
    payload = identified(sample("refunds/create"), "Refund", None)
    payload |= {"order_id": order["id"], "note": "", "created_at": at.isoformat()}
    payload["processed_at"] = at.isoformat()
    payload["refund_line_items"] = [
        _refund_line(line, quantities[line["id"]], terms, payload["refund_line_items"][0])
        for line in order["line_items"]
        if quantities and line["id"] in quantities
    ]
    lines_total = sum((_refunded(line, terms) for line in payload["refund_line_items"]), Decimal())
    total = Decimal(amount) if amount else lines_total
    if amount:
        payload["order_adjustments"] = [_adjustment(payload, terms, total)]
    payload["transactions"] = [
        identified(payload["transactions"][0], "OrderTransaction", None)
        | {"order_id": order["id"], "amount": str(terms.round(total)), "currency": terms.currency}
    ]
    return payload


def refunded(order: Payload, refund: Payload, *, at: datetime = NOON) -> Payload:
    """The orders/updated payload that follows `refund`."""
    payload = copy.deepcopy(order)
    gone = {line["line_item_id"]: line["quantity"] for line in refund["refund_line_items"]}
    for line in payload["line_items"]:
        line["current_quantity"] -= gone.get(line["id"], 0)
    payload["refunds"] = [*payload["refunds"], copy.deepcopy(refund)]
    payload["updated_at"] = at.isoformat()
    everything = not any(line["current_quantity"] for line in payload["line_items"])
    payload["financial_status"] = "refunded" if everything else "partially_refunded"
    _set_totals(payload, _terms_of(order))
    return payload


def cancelled(order: Payload, *, at: datetime = NOON) -> Payload:
    """The orders/cancelled payload of `order`."""
    payload = copy.deepcopy(order) | {"cancelled_at": at.isoformat(), "cancel_reason": "customer"}
    return payload | {"updated_at": at.isoformat(), "closed_at": at.isoformat()}


def _set_buyer(payload: Payload, buyer: Payload | None, *, guest: bool) -> None:
    if guest:
        del payload["customer"]
        return
    who = buyer or customer()
    shown = payload["customer"]  # the embedded customer has fewer fields than the webhook's
    payload["customer"] = {key: who.get(key, value) for key, value in shown.items()}
    payload["email"] = payload["contact_email"] = who["email"] or ""


def _set_totals(payload: Payload, terms: Terms) -> None:
    """Every total of the order, at first and as it is now, from its lines."""
    shipping = Decimal(payload["total_shipping_price_set"]["shop_money"]["amount"])
    if not payload["refunds"]:
        shipping = Decimal(terms.shipping)
        payload["shipping_lines"] = []
        payload["total_shipping_price_set"] = terms.money_set(shipping)
    first, now = (sums(payload, each, terms) for each in ("quantity", "current_quantity"))
    amounts = {
        "total_line_items_price": first["gross"],
        "subtotal_price": first["net"],
        "total_discounts": first["discount"],
        "total_tax": first["tax"],
        "total_price": first["total"] + shipping,
        "current_subtotal_price": now["net"],
        "current_total_discounts": now["discount"],
        "current_total_tax": now["tax"],
        "current_total_price": now["total"] + shipping,
    }
    for name, amount in amounts.items():
        payload[name] = str(terms.round(amount))
        payload[f"{name}_set"] = terms.money_set(amount)
    payload["current_shipping_price_set"] = terms.money_set(shipping)
    payload["total_outstanding"] = str(terms.round(Decimal()))


def _terms_of(order: Payload) -> Terms:
    shop, theirs = (order["total_price_set"][side] for side in ("shop_money", "presentment_money"))
    rate = Decimal(theirs["amount"]) / Decimal(shop["amount"] if float(shop["amount"]) else 1)
    return Terms(
        currency=order["currency"],
        presentment_currency=order["presentment_currency"],
        presentment_rate=str(rate),
        taxes_included=order["taxes_included"],
    )


def _refund_line(line: Payload, quantity: int, terms: Terms, like: Payload) -> Payload:
    part = Decimal(quantity) / line["quantity"]
    allocated = sum(Decimal(each["amount"]) for each in line["discount_allocations"])
    subtotal = terms.round(Decimal(line["price"]) * quantity - allocated * part)
    tax = terms.round(sum((Decimal(t["price"]) for t in line["tax_lines"]), Decimal()) * part)
    return copy.deepcopy(like) | {
        "id": new_id(),
        "quantity": quantity,
        "line_item_id": line["id"],
        "line_item": {key: line.get(key, value) for key, value in like["line_item"].items()},
        # Numbers here, and strings everywhere else: so it is at Shopify.
        "subtotal": float(subtotal),
        "total_tax": float(tax),
        "subtotal_set": terms.money_set(subtotal),
        "total_tax_set": terms.money_set(tax),
    }


def _refunded(line: Payload, terms: Terms) -> Decimal:
    subtotal = Decimal(line["subtotal_set"]["shop_money"]["amount"])
    tax = Decimal(line["total_tax_set"]["shop_money"]["amount"])
    return subtotal if terms.taxes_included else subtotal + tax


def _adjustment(refund: Payload, terms: Terms, amount: Decimal) -> Payload:
    return {
        "id": new_id(),
        "order_id": refund["order_id"],
        "refund_id": refund["id"],
        "kind": "refund_discrepancy",
        "reason": "Refund discrepancy",
        "amount": str(terms.round(-amount)),
        "amount_set": terms.money_set(-amount),
        "tax_amount": str(terms.round(Decimal())),
        "tax_amount_set": terms.money_set(Decimal()),
    }
