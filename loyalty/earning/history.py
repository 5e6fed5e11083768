"""Orders from before the install earn only when the merchant asks, from a day of their choosing.

The invariant: what a dry run says is what is written, for both run the same statements.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.orders.desk import Desk
from loyalty.orders.sheets import OrderSheet
from loyalty.orders.tables import Order
from loyalty.shops.tables import Shop

_CHUNK = 500


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
    credited = [
        _credit(session, shop, chunk, now) for chunk in _chunks(_list_history(session, shop, since))
    ]
    orders, points = sum(one.orders for one in credited), sum(one.points for one in credited)
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


def _credit(session: Session, shop: Shop, order_ids: Sequence[int], now: datetime) -> Credited:
    desk = Desk.open(session, shop, order_ids, now=now)
    desk.books.tells_rewards = False
    # Somebody else may have asked for the same meanwhile.
    sheets = [sheet for sheet in map(desk.find, order_ids) if sheet and sheet.is_history]
    before = _points_of(desk, sheets)
    for sheet in sheets:
        sheet.set("is_history", False)
        desk.settle(sheet, happened_at=sheet.processed_at)
    desk.write()
    return Credited(len(sheets), _points_of(desk, sheets) - before)


def _points_of(desk: Desk, sheets: Iterable[OrderSheet]) -> int:
    """What the members of these orders hold, pending points too."""
    figures = [desk.books.balance(each) for each in {s.member_id for s in sheets} if each]
    return sum(each.available + each.pending for each in figures)


def _chunks(order_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (order_ids[n : n + _CHUNK] for n in range(0, len(order_ids), _CHUNK))


def _list_history(session: Session, shop: Shop, since: date) -> Sequence[int]:
    """Members' paid history from that day on, members in the order in which they are locked."""
    began_at = datetime.combine(since, time.min, ZoneInfo(shop.timezone)).astimezone(UTC)
    statement = (
        select(Order.order_id)
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
