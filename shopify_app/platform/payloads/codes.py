"""Discount codes of an order: what each took off, and off which lines, in shop money.

The invariant: a webhook and GraphQL tell the same codes of the same order.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from loyalty.orders.facts import CodeFacts
from loyalty.redemption.codes import normalise_code
from shopify_app.platform.errors import ShapeError
from shopify_app.platform.payloads.reading import (
    identifier,
    objects_at,
    own_id,
    shop_minor,
    text_or_none,
)

Allocation = tuple[str, int | None, int]
"""The code as it is written, the line it took something off (None: shipping), and how much."""


def read_codes(payload: dict[str, Any], currency: str) -> tuple[CodeFacts, ...]:
    """The codes of an order in a webhook, in the order of their letters."""
    applications = objects_at(payload, "discount_applications")
    named = [one.get("code") for one in applications if one.get("type") == "discount_code"]
    named += [one.get("code") for one in objects_at(payload, "discount_codes")]
    allocations: list[Allocation] = []
    for line in objects_at(payload, "line_items"):
        line_id = own_id(line, "line_items")
        allocations += _allocated(line, applications, line_id, currency)
    for shipping in objects_at(payload, "shipping_lines"):
        allocations += _allocated(shipping, applications, None, currency)
    return gather(named, allocations)


def read_code_nodes(
    node: dict[str, Any], line_nodes: Iterable[dict[str, Any]], currency: str
) -> tuple[CodeFacts, ...]:
    """The codes of an order in Admin GraphQL's words."""
    named = node.get("discountCodes") or []
    if not isinstance(named, list):
        raise ShapeError("discountCodes is no list")
    allocations: list[Allocation] = []
    for line in line_nodes:
        line_id = identifier(line.get("id"), "lineItem.id")
        allocations += _allocated_by_nodes(line, line_id, currency)
    shipping = node.get("shippingLine")
    if isinstance(shipping, dict):
        allocations += _allocated_by_nodes(shipping, None, currency)
    return gather(named, allocations)


def gather(named: Iterable[object], allocations: Iterable[Allocation]) -> tuple[CodeFacts, ...]:
    """Each code once, whatever case it was typed in: what it took off, line by line."""
    lines: dict[str, dict[int, int]] = {_code(each): {} for each in named}
    amounts: dict[str, int] = defaultdict(int)
    for written, line_id, amount_minor in allocations:
        code = _code(written)
        off = lines.setdefault(code, {})
        amounts[code] += amount_minor
        if line_id is not None:
            off[line_id] = off.get(line_id, 0) + amount_minor
    return tuple(
        CodeFacts(code, amounts[code], tuple(sorted(lines[code].items())))
        for code in sorted(lines)
        if code
    )


def _code(value: object) -> str:
    found = text_or_none({"code": value}, "code")
    return normalise_code(found) if found else ""


def _allocated(
    line: dict[str, Any],
    applications: Sequence[dict[str, Any]],
    line_id: int | None,
    currency: str,
) -> list[Allocation]:
    found = []
    for one in objects_at(line, "discount_allocations"):
        index = one.get("discount_application_index")
        # What no code gave, such as an automatic discount, is none of ours.
        if not isinstance(index, int) or not 0 <= index < len(applications):
            continue
        by = applications[index]
        if by.get("type") == "discount_code" and isinstance(by.get("code"), str):
            amount = shop_minor(one.get("amount_set"), currency, "discount_allocations.amount_set")
            found.append((by["code"], line_id, amount))
    return found


def _allocated_by_nodes(
    line: dict[str, Any], line_id: int | None, currency: str
) -> list[Allocation]:
    found = []
    for one in objects_at(line, "discountAllocations"):
        by = one.get("discountApplication")
        if isinstance(by, dict) and isinstance(by.get("code"), str):
            amount = shop_minor(one.get("allocatedAmountSet"), currency, "allocatedAmountSet")
            found.append((by["code"], line_id, amount))
    return found
