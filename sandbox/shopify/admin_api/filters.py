"""What the search fields mean for each type. An unknown field is refused, never ignored."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ..clock import parse_time
from ..store import totals
from .context import Context
from .errors import bad_request, not_modelled
from .search import Term, parse

Getter = Callable[[Any, Context], Any]


def matcher(typename: str, query: str, context: Context) -> Callable[[Any], bool]:
    """Whether a record fits a search query."""
    predicate = parse(query)

    def matches(record: Any) -> bool:
        return predicate(functools.partial(_judge, typename, record, context))

    return matches


def _judge(typename: str, record: Any, context: Context, term: Term) -> bool:
    if not term.field:
        texts = _TEXTS.get(typename, lambda r: [])(record)
        return any(_text_fits(term.value, text) for text in texts if text)
    getter = _FIELDS.get(typename, {}).get(term.field) or _COMMON.get(term.field)
    if getter is None:
        raise not_modelled(f"search field {term.field} of {typename}")
    held = getter(record, context)
    held = held if isinstance(held, list) else [held]
    if term.field.endswith("_not"):
        return not any(_fits(value, term) for value in held)
    return any(_fits(value, term) for value in held)


def _fits(held: Any, term: Term) -> bool:
    """One held value against a term, by the value's own kind."""
    if term.value == "*":
        return held not in (None, "")
    if held is None:
        return False
    if isinstance(held, bool):
        return str(held).lower() == term.value.lower()
    if isinstance(held, datetime):
        return _compare(held, _moment(term.value), term.op)
    if isinstance(held, int | Decimal):
        try:
            return _compare(Decimal(held), Decimal(term.value.rpartition("/")[2]), term.op)
        except InvalidOperation:
            raise bad_request(f"Invalid search value for {term.field}: {term.value}") from None
    return _text_fits(term.value, str(held), whole=term.field in _WHOLE)


def _moment(text: str) -> datetime:
    try:
        return parse_time(text)
    except ValueError:
        raise bad_request(f"Invalid timestamp for search: {text}") from None


def _compare(held: Any, wanted: Any, op: str) -> bool:
    if op == "=":
        return bool(held == wanted)
    if op.startswith(">"):
        return bool(held > wanted or (op == ">=" and held == wanted))
    return bool(held < wanted or (op == "<=" and held == wanted))


def _text_fits(wanted: str, held: str, *, whole: bool = False) -> bool:
    """Case aside; `ali*` is a prefix; a plain word fits a word of the text."""
    wanted, held = wanted.lower(), held.lower()
    if wanted.endswith("*"):
        prefix = wanted[:-1]
        return held.startswith(prefix) or any(w.startswith(prefix) for w in re.split(r"\W+", held))
    if whole or "@" in wanted:
        return held == wanted
    return wanted in (held, held.lstrip("#")) or wanted in re.split(r"\s+", held)


def _order_status(order: Any, context: Context) -> list[str]:
    if order.cancelled_at:
        return ["cancelled", "any"]
    return ["closed" if order.closed_at else "open", "any"]


def _codes(discount: Any, context: Context) -> list[str]:
    return [code.code for code in discount.codes]


def _attribute(name: str) -> Getter:
    return lambda record, context: getattr(record, name)


_WHOLE = {"tag", "tag_not", "code", "status", "state", "financial_status", "source_name", "sku"}
_COMMON: dict[str, Getter] = {
    name: _attribute(name) for name in ("id", "created_at", "updated_at", "name", "title")
}
_TAGS: dict[str, Getter] = {"tag": _attribute("tags"), "tag_not": _attribute("tags")}
_FIELDS: dict[str, dict[str, Getter]] = {
    "Customer": {
        **_TAGS,
        **{n: _attribute(n) for n in ("email", "phone", "first_name", "last_name", "state")},
        "name": _attribute("display_name"),
        "customer_date": _attribute("created_at"),
        "accepts_marketing": lambda c, _: c.email_consent.state == "subscribed",
        "country": lambda c, _: [a.country for a in c.addresses],
        "orders_count": lambda c, x: len(x.shop.orders_of(c.id)),
        "total_spent": lambda c, x: sum(
            (totals.received(o) - totals.refunded(o) for o in x.shop.orders_of(c.id)), Decimal(0)
        ),
    },
    "Order": {
        **_TAGS,
        **{
            name: _attribute(name)
            for name in (
                "email",
                "processed_at",
                "customer_id",
                "location_id",
                "source_name",
                "test",
            )
        },
        "status": _order_status,
        "financial_status": lambda o, _: totals.financial_status(o),
        "discount_code": _attribute("discount_codes"),
        "total_price": lambda o, _: totals.total(o),
        "sku": lambda o, _: [line.sku for line in o.lines if line.sku],
    },
    "Product": {
        **_TAGS,
        **{n: _attribute(n) for n in ("status", "vendor", "product_type", "handle")},
        "gift_card": _attribute("is_gift_card"),
    },
    "ProductVariant": {n: _attribute(n) for n in ("sku", "product_id")},
    "Collection": {"handle": _attribute("handle")},
    "Location": {"active": _attribute("is_active")},
    "DiscountNode": {
        "code": _codes,
        "status": lambda d, x: d.status(x.now),
        "starts_at": _attribute("starts_at"),
        "ends_at": _attribute("ends_at"),
        "times_used": lambda d, _: len(d.used_by),
    },
    "BulkOperation": {
        "status": _attribute("status"),
        "operation_type": lambda b, _: "query",
    },
}
_TEXTS: dict[str, Callable[[Any], list[str | None]]] = {
    "Customer": lambda c: [c.first_name, c.last_name, c.email, c.phone, c.display_name, *c.tags],
    "Order": lambda o: [o.name, o.email, *o.tags],
    "Product": lambda p: [p.title, p.vendor, p.product_type, *p.tags],
    "Collection": lambda c: [c.title],
    "Location": lambda place: [place.name, place.city],
    "DiscountNode": lambda d: [d.title, *(c.code for c in d.codes)],
    "DiscountRedeemCode": lambda c: [c.code],
}
