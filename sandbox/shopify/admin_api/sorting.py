"""Sort keys of the connections, as values that compare."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..store import totals
from .context import Context
from .errors import not_modelled


def sort_value(typename: str, sort_key: str, record: Any, context: Context) -> Any:
    """What a record sorts by; an error that names the key when the store has no such order."""
    special = _SPECIAL.get((typename, sort_key))
    if special:
        return special(record, context)
    if sort_key in ("ID", "RELEVANCE"):
        return record.id
    value = getattr(record, sort_key.lower(), None)
    if value is None:
        raise not_modelled(f"sortKey {sort_key} of {typename}")
    return value


def _customer_name(record: Any, context: Context) -> str:
    return f"{record.last_name or ''} {record.first_name or ''}".lower()


def _order_customer(record: Any, context: Context) -> str:
    customer = context.shop.find("Customer", record.customer_id)
    return _customer_name(customer, context) if customer else ""


_SPECIAL: dict[tuple[str, str], Callable[[Any, Context], Any]] = {
    ("Customer", "NAME"): _customer_name,
    ("Order", "CUSTOMER_NAME"): _order_customer,
    ("Order", "ORDER_NUMBER"): lambda record, context: record.number,
    ("Order", "TOTAL_PRICE"): lambda record, context: totals.total(record),
    ("Order", "CURRENT_TOTAL_PRICE"): lambda record, context: totals.current_total(record),
    ("Order", "FINANCIAL_STATUS"): lambda record, context: totals.financial_status(record),
    ("DiscountNode", "STARTS_AT"): lambda record, context: record.starts_at,
}
