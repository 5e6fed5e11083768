"""Orders from before the install earn only when the merchant asks, from a day of their choosing.

The invariant: what a dry run says is what is written, for both run the same statements.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.earning.awards import settle_order
from loyalty.ledger.posting import lock_balance
from loyalty.orders.tables import Order
from loyalty.shops.tables import Shop


@dataclass(frozen=True, slots=True)
class Credited:
    """How many orders were credited, and how many points they came to."""

    orders: int
    points: int


def credit_orders_since(
    session: Session, shop: Shop, since: date, *, actor: Actor, now: datetime
) -> Credited:
    """Let paid history orders placed on or after the shop's day `since` earn by today's rules.

    Again for the same day it finds nothing left. Flushes; the caller commits, or rolls
    back what was only a dry run.
    """
    orders, points = 0, 0
    for member_id, theirs in groupby(_list_history(session, shop, since), lambda o: o.member_id):
        assert member_id is not None
        balance = lock_balance(session, shop.shop_id, member_id)
        before = balance.available + balance.pending
        for order in theirs:
            order.is_history = False
            settle_order(session, order, balance, happened_at=order.processed_at, now=now)
            orders += 1
        points += balance.available + balance.pending - before
    subject = ("shop", str(shop.shop_id))
    audit.record(
        session,
        shop.shop_id,
        actor,
        "history_credited",
        subject,
        now=now,
        since=since.isoformat(),
        orders=orders,
        points=points,
    )
    session.flush()
    return Credited(orders, points)


def _list_history(session: Session, shop: Shop, since: date) -> Sequence[Order]:
    """Members' paid history from that day on, members in the order in which they are locked."""
    began_at = datetime.combine(since, time.min, ZoneInfo(shop.timezone)).astimezone(UTC)
    statement = (
        select(Order)
        .where(
            Order.shop_id == shop.shop_id,
            Order.is_history,
            Order.is_paid,
            Order.is_test.is_(False),
            Order.member_id.is_not(None),
            Order.processed_at >= began_at,
        )
        .order_by(Order.member_id, Order.processed_at, Order.order_id)
    )
    return session.scalars(statement).all()
