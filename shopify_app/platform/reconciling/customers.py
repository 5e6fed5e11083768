"""Customers of whom no webhook told, or whose change none told: recorded as a webhook's are."""

from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.enrolment import columns_of, is_news
from loyalty.members.facts import CustomerFacts
from loyalty.members.hearing import hear
from loyalty.members.tables import Customer
from loyalty.orders.recording import record_all
from loyalty.reconciliation import recording
from loyalty.shops import directory
from shopify_app.platform import bulk_rows
from shopify_app.platform.errors import ShapeError

log = structlog.get_logger()

_OF_SHOPIFY = ("shopify_updated_at", "customer_since", "locale")


def look(shop_id: int, nodes: list[dict[str, Any]]) -> int:
    """Record the customers among `nodes` of whom we know less than Shopify; how many. Commits."""
    told = [facts for node in nodes if (facts := _read(shop_id, node)) is not None]
    with shop_transaction(shop_id) as session:
        known = _lock_known(session, shop_id, [facts.customer_id for facts in told])
        news = [facts for facts in told if _is_news(known.get(facts.customer_id), facts)]
        found = {facts.customer_id: _kind(known.get(facts.customer_id), facts) for facts in news}
        now = utc_now()
        shop = directory.get_shop(session, shop_id)
        record_all(session, shop, news, now=now, is_backfill=False)
        consents = {facts.customer_id: facts.consents for facts in told}
        hear(session, shop_id, consents, now=now, is_news=True)
        for customer_id, kind in found.items():
            if kind is not None:
                recording.note(session, shop_id, kind, customer_id, now=now, is_mended=True)
    return sum(kind is not None for kind in found.values())


def _read(shop_id: int, node: dict[str, Any]) -> CustomerFacts | None:
    try:
        return bulk_rows.read_customer(node)[0]
    except ShapeError as error:
        log.error("customer_unreadable", shop=shop_id, reason=str(error))
        return None


def _lock_known(session: Session, shop_id: int, ids: list[int]) -> dict[int, Customer]:
    rows = session.scalars(
        select(Customer)
        .where(Customer.shop_id == shop_id, among(Customer.customer_id, ids))
        .order_by(Customer.customer_id)
        .with_for_update()
    )
    return {row.customer_id: row for row in rows}


def _is_news(known: Customer | None, facts: CustomerFacts) -> bool:
    return known is None or is_news(known, facts)


def _kind(known: Customer | None, facts: CustomerFacts) -> str | None:
    """What to call it; None when only Shopify's own stamp is newer."""
    if known is None:
        return recording.CUSTOMER_MISSING
    said = {name: value for name, value in columns_of(facts).items() if name not in _OF_SHOPIFY}
    is_behind = any(getattr(known, name) != value for name, value in said.items())
    return recording.CUSTOMER_BEHIND if is_behind else None
