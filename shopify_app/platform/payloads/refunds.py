"""A refund in a webhook, alone or inside its order."""

from typing import Any

from loyalty.base.money import parse_minor
from loyalty.orders.facts import RefundFacts
from shopify_app.platform.payloads.reading import (
    identifier,
    moment,
    moment_or_none,
    objects_at,
    own_id,
    quantity,
    shop_minor,
)


def read_refund(payload: dict[str, Any], currency: str) -> RefundFacts:
    """The facts of a refund; `currency` is the shop's."""
    lines = _lines(payload)
    return RefundFacts(
        refund_id=own_id(payload, "refund"),
        order_id=identifier(payload.get("order_id"), "refund.order_id"),
        created_at=moment_or_none(payload, "processed_at") or moment(payload, "created_at"),
        money_minor=0 if lines else _money_only(payload, currency),
        lines=lines,
        shipping_minor=max(0, _shipping(payload, currency)),
    )


def is_in_other_money(payload: dict[str, Any], currency: str) -> bool:
    """Whether what a refund without lines gave back is told in a currency other than the shop's."""
    return not _lines(payload) and _is_foreign(payload, currency)


def _lines(payload: dict[str, Any]) -> tuple[tuple[int, int], ...]:
    return tuple(
        (_line_id(line), quantity(line, "quantity"))
        for line in objects_at(payload, "refund_line_items")
    )


def _line_id(refund_line: dict[str, Any]) -> int:
    line = refund_line.get("line_item")
    if isinstance(line, dict) and line.get("admin_graphql_api_id"):
        return own_id(line, "refund_line_items.line_item")
    return identifier(refund_line.get("line_item_id"), "refund_line_items.line_item_id")


def _money_only(payload: dict[str, Any], currency: str) -> int:
    if _is_foreign(payload, currency):
        return 0
    given = sum(parse_minor(one.get("amount"), currency) for one in _given_back(payload))
    return max(0, given - _shipping(payload, currency))


def _is_foreign(payload: dict[str, Any], currency: str) -> bool:
    return any(one.get("currency") not in (None, currency) for one in _given_back(payload))


def _given_back(payload: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        one
        for one in objects_at(payload, "transactions")
        if one.get("kind") == "refund" and one.get("status") == "success"
    ]


def _shipping(payload: dict[str, Any], currency: str) -> int:
    lines = objects_at(payload, "refund_shipping_lines")
    if lines:
        return sum(_with_tax(line, "subtotal_amount_set", currency) for line in lines)
    # Older refunds tell it as an adjustment, below zero.
    return sum(
        -_with_tax(one, "amount_set", currency)
        for one in objects_at(payload, "order_adjustments")
        if one.get("kind") == "shipping_refund"
    )


def _with_tax(payload: dict[str, Any], key: str, currency: str) -> int:
    tax_key = "tax_amount_set"
    tax = payload.get(tax_key)
    return shop_minor(payload.get(key), currency, key) + (
        shop_minor(tax, currency, tax_key) if tax else 0
    )
