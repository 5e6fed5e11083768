"""Orders from before the install earn only when the merchant asks, from a day of their choosing.

The invariant: what a dry run says is what is written, for both run the same statements. An order
that was credited is history no more: that is the place at which whoever was interrupted goes on.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.orders.desk import Desk
from loyalty.orders.sheets import OrderSheet
from loyalty.orders.tables import Order
from loyalty.shops.tables import Shop

BATCH = 500

Place = tuple[UUID, datetime, int]
"""The last order looked at: its member, when it was processed, its id. The next one is behind."""


@dataclass(frozen=True, slots=True)
class Credited:
    """How many orders were credited, and how many points they came to."""

    orders: int
    points: int

    def __add__(self, other: Self) -> "Credited":
        return Credited(self.orders + other.orders, self.points + other.points)


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch came to. `place`: where the next one goes on; None when there is none.

    `splits_member`: the next one goes on with a member of this one, whose tier may hang on it.
    """

    credited: Credited
    place: Place | None
    splits_member: bool


def credit_batch(
    session: Session,
    shop: Shop,
    since: date,
    *,
    after: Place | None,
    actor: Actor,
    now: datetime,
    limit: int = BATCH,
) -> Batch:
    """Let the next `limit` paid history orders since the shop's day earn by today's rules.

    `after`: the place of the batch before. Whole members as far as they fit, in the order in
    which they are locked. Raises MemberHasMoved for one who is merged at this very moment.
    Flushes; the caller commits, or rolls back what was only a dry run.
    """
    places = _list_history(session, shop, since, after, limit + 1)
    batch, is_last = _cut(places, limit), len(places) <= limit
    credited = _credit(session, shop, [order_id for _, _, order_id in batch], now)
    if credited.orders:
        _audit(session, shop, since, credited, actor, now)
    if is_last:
        return Batch(credited, None, False)
    return Batch(credited, batch[-1], places[len(batch)][0] == batch[-1][0])


def _cut(places: Sequence[Place], limit: int) -> Sequence[Place]:
    """At most `limit`, without the member who does not fit whole, unless there is no other."""
    if len(places) <= limit:
        return places
    cut_off = places[limit][0]
    whole = [place for place in places if place[0] != cut_off]
    return whole or places[:limit]


def _credit(session: Session, shop: Shop, order_ids: Sequence[int], now: datetime) -> Credited:
    if not order_ids:
        return Credited(0, 0)
    desk = Desk.open(session, shop, order_ids, now=now)
    desk.books.tells_rewards = False
    # Somebody else may have asked for the same meanwhile.
    sheets = [sheet for sheet in map(desk.find, order_ids) if sheet and sheet.is_history]
    before = _standing(sheets)
    for sheet in _in_turn(sheets):
        sheet.set("is_history", False)
        desk.settle(sheet, happened_at=sheet.processed_at)
    desk.write()
    return Credited(len(sheets), _standing(sheets) - before)


def _in_turn(sheets: Iterable[OrderSheet]) -> list[OrderSheet]:
    """Each member's first order, then each one's second: the desk writes once for each turn."""
    seen: Counter[UUID | None] = Counter()
    turns: list[tuple[int, OrderSheet]] = []
    for sheet in sheets:
        turns.append((seen[sheet.member_id], sheet))
        seen[sheet.member_id] += 1
    return [sheet for _, sheet in sorted(turns, key=lambda turn: turn[0])]


def _standing(sheets: Iterable[OrderSheet]) -> int:
    """What these orders have earned and kept, pending points too."""
    return sum(award.standing_points for sheet in sheets for award in sheet.awards)


def _audit(
    session: Session, shop: Shop, since: date, credited: Credited, actor: Actor, now: datetime
) -> None:
    audit.record(
        session,
        shop.shop_id,
        actor,
        "history_credited",
        ("shop", str(shop.shop_id)),
        now=now,
        since=since.isoformat(),
        orders=credited.orders,
        points=credited.points,
    )
    session.flush()


def _list_history(
    session: Session, shop: Shop, since: date, after: Place | None, limit: int
) -> Sequence[Place]:
    """Members' paid history from that day on, members in the order in which they are locked."""
    began_at = datetime.combine(since, time.min, ZoneInfo(shop.timezone)).astimezone(UTC)
    place = Order.member_id, Order.processed_at, Order.order_id
    statement = (
        select(*place)
        .where(
            Order.shop_id == shop.shop_id,
            Order.is_history,
            Order.is_paid,
            Order.is_test.is_(False),
            Order.is_there(),
            Order.member_id.is_not(None),
            Order.processed_at >= began_at,
        )
        .order_by(*place)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(tuple_(*place) > after)
    return [
        (member_id, processed_at, order_id)
        for member_id, processed_at, order_id in session.execute(statement)
        if member_id is not None
    ]
