"""A batch of a back-fill's objects, in a few statements for all of them.

An object that cannot be read or stored is left out, counted and logged; the others are stored.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import structlog
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.errors import LoyaltyError
from loyalty.members.enrolment import record_customer
from loyalty.members.facts import CustomerFacts
from loyalty.members.hearing import hear
from loyalty.members.history import record_new_customers
from loyalty.orders.facts import OrderFacts
from loyalty.orders.recording import check_currency, record_all
from loyalty.shops.tables import Shop
from shopify_app.platform import backfill_runs as runs
from shopify_app.platform import bulk_rows
from shopify_app.platform.errors import ShapeError

log = structlog.get_logger()

Node = dict[str, Any]
Whole = tuple[Node, list[Node]]
"""An object of a bulk result, and the rows nested in it."""
_Read = TypeVar("_Read")


def store_customers(session: Session, shop: Shop, batch: Sequence[Whole]) -> int:
    """Store customers, enrol them, and keep what they said to marketing; how many were left out."""

    def store(one: tuple[CustomerFacts, int]) -> None:
        facts, count = one
        record_customer(session, shop, facts, now=utc_now(), is_backfill=True, order_count=count)

    read = _read_all(shop, batch, lambda node, _nested: bulk_rows.read_customer(node))
    new = record_new_customers(session, shop, read, now=utc_now())
    others = [one for one in read if one[0].customer_id not in new]
    left_out = len(batch) - len(read) + _store_each(session, shop, others, store)
    told = {facts.customer_id: facts.consents for facts, _ in read}
    hear(session, shop.shop_id, told, now=utc_now())
    return left_out


def store_orders(session: Session, shop: Shop, batch: Sequence[Whole]) -> int:
    """Store orders; how many were left out."""

    def read_one(node: Node, nested: list[Node]) -> tuple[OrderFacts, bool]:
        facts = bulk_rows.read_order(node, nested)
        check_currency(shop, facts)
        return facts, _must_be_read_whole(shop, node, facts)

    read = _read_all(shop, batch, read_one)
    told = [facts for facts, _ in read]
    record_all(session, shop, told, now=utc_now(), is_backfill=True)
    for facts, is_partial in read:
        if is_partial:
            runs.ask_for_order(session, shop.shop_id, facts.order_id, now=utc_now())
    return len(batch) - len(read)


def _must_be_read_whole(shop: Shop, node: Node, facts: OrderFacts) -> bool:
    """A bulk row cannot hold refunds. Of history the pieces that are left say what may still earn,
    but for money given back without them; whoever may have earned must know all of them.
    """
    if not bulk_rows.has_refunds(node):
        return False
    return facts.created_at >= shop.earning_since or bulk_rows.has_money_refunds(node, facts)


def _read_all(
    shop: Shop, batch: Sequence[Whole], read: Callable[[Node, list[Node]], _Read]
) -> list[_Read]:
    found = []
    for node, nested in batch:
        try:
            found.append(read(node, nested))
        except (ShapeError, LoyaltyError) as error:
            _leave_out(shop, error)
    return found


def _store_each(
    session: Session, shop: Shop, each: Sequence[_Read], store: Callable[[_Read], None]
) -> int:
    left_out = 0
    for one in each:
        savepoint = session.begin_nested()
        try:
            store(one)
            savepoint.commit()
        except (ShapeError, LoyaltyError) as error:
            savepoint.rollback()
            left_out += 1
            _leave_out(shop, error)
    return left_out


def _leave_out(shop: Shop, error: Exception) -> None:
    log.error("backfill_row_unreadable", shop=shop.shop_id, reason=str(error))
