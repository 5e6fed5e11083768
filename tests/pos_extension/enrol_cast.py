"""What enrolling at a till leaves behind, at Shopify and here."""

from typing import Any
from uuid import uuid4

from loyalty.audit import AuditRow
from loyalty.members.tables import Customer, Member, TimelineEvent
from loyalty.outbox import OutboxEvent
from pos_extension.tables import TillWrite
from tests.platform.shopify import Shopify
from tests.pos_extension.cast import Till


def at_shopify(shopify: Shopify, **query: str) -> list[dict[str, Any]]:
    """Shopify's customers of an email or phone."""
    found: list[dict[str, Any]] = shopify.ask("customers", **query)
    return found


def written(till: Till) -> int:
    """How many rows the till has left behind."""
    rows = till.count(Member, Customer, TillWrite, OutboxEvent, TimelineEvent)
    return rows + sum(row.actor_kind == "till_user" for row in till.rows(AuditRow))


def a_phone() -> str:
    """A Spanish mobile number that nobody had before."""
    return f"6{uuid4().int % 10**8:08}"
