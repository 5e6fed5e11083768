"""Reads a whole shop for its model: who its members are, when they ordered, for how much.

The invariant: two statements whatever the size of the shop, each one pass over its table, and of
what they find one batch of members is in memory at a time. The database packs a batch's columns
into arrays; numpy reads them as they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Date,
    Integer,
    LargeBinary,
    Row,
    Select,
    SmallInteger,
    Subquery,
    cast,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.orm import Session

from loyalty.base.clock import day_in
from loyalty.criteria.frames import frame_of
from loyalty.insights import frequencies
from loyalty.insights.engagement import select_engagement
from loyalty.insights.frequencies import EPOCH, Histories, OrderRows
from loyalty.members.tables import Member
from loyalty.orders.tables import Order
from loyalty.shops.tables import Shop

BATCH = 50_000
_PARTS_MAX = 256
_ID = np.dtype("S16")
_HEADER = 20
"""Dimensions, flags, element type, length and lower bound: what an array begins with, as sent."""
_ROOM = {
    "work_mem": "'128MB'",
    "jit": "off",
    "enable_nestloop": "off",
    # A cursor is planned for its first rows unless it is said that all are wanted.
    "cursor_tuple_fraction": "1.0",
}


@dataclass(frozen=True, slots=True)
class Batch:
    """Some members, ascending by id: their ids (16 bytes each), orders, and E in fifths."""

    ids: NDArray[np.bytes_]
    histories: Histories
    engagement: NDArray[np.uint8]

    @property
    def numbers(self) -> NDArray[np.uint64]:
        """A number that each member keeps for life: the end of the id, which chance gave."""
        return self.ids.view(np.dtype(">u8")).reshape(-1, 2)[:, 1].astype(np.uint64)


def no_orders() -> OrderRows:
    """Of nobody."""
    none = np.zeros(0, np.int64)
    return OrderRows(none, np.zeros(0, np.int32), none, np.zeros(0, np.bool_))


def count_members(session: Session, shop_id: int) -> int:
    """How many active members there are."""
    statement = select(func.count()).where(Member.shop_id == shop_id, Member.state == "active")
    return session.scalar(statement) or 0


def read_batches(
    session: Session, shop: Shop, *, members: int, now: datetime, batch: int = BATCH
) -> Iterator[Batch]:
    """All of the `members` active ones in batches of about `batch`; reads only.

    Their paid orders, neither tests nor cancelled, up to the shop's day of `now`.
    """
    parts = min(_PARTS_MAX, -(-members // batch) or 1)
    for name, value in _ROOM.items():
        session.execute(text(f"SET LOCAL {name} = {value}"))
    people = _stream(session, _select_people(session, shop, parts, now))
    # One part after another out of a sorted pass, instead of all of them in one hash table.
    session.execute(text("SET LOCAL enable_hashagg = off"))
    orders = _Orders(_stream(session, _select_orders(shop, parts)))
    as_of = day_in(shop.timezone, now)
    for row in people:
        ids, engagement = _unpacked(row.ids, _ID), _unpacked(row.engagement, np.dtype(">i2"))
        order = np.argsort(ids)
        ids = ids[order]
        rows = orders.of(row.part, ids)
        histories = frequencies.read(rows, members=len(ids), as_of=as_of)
        yield Batch(ids, histories, engagement[order].astype(np.uint8))
    for name in (*_ROOM, "enable_hashagg"):
        session.execute(text(f"SET LOCAL {name} TO DEFAULT"))


class _Orders:
    """The orders of one part after another; parts without any are left out by the database."""

    def __init__(self, rows: Iterator[Row[Any]]) -> None:
        self.rows = rows
        self.next = next(rows, None)

    def of(self, part: int, ids: NDArray[np.bytes_]) -> OrderRows:
        """Those of the members `ids` of the part, by their number there; asked part by part."""
        while self.next is not None and self.next.part < part:
            self.next = next(self.rows, None)
        row = self.next
        if row is None or row.part > part or not len(ids):
            return no_orders()
        owners = _unpacked(row.member_ids, _ID)
        member = np.minimum(np.searchsorted(ids, owners), len(ids) - 1)
        # Whoever is not active, or joined between the two statements, is nobody's number.
        is_known = ids[member] == owners
        return OrderRows(
            member[is_known].astype(np.int64),
            _unpacked(row.days, np.dtype(">i4"))[is_known].astype(np.int32),
            _unpacked(row.amounts, np.dtype(">i8"))[is_known].astype(np.int64),
            _unpacked(row.are_foreign, np.dtype(">i2"))[is_known] == 1,
        )


def _stream(session: Session, statement: Select[Any]) -> Iterator[Row[Any]]:
    options = {"stream_results": True, "max_row_buffer": 1, "yield_per": 1}
    return iter(session.execute(statement, execution_options=options))


def _select_people(session: Session, shop: Shop, parts: int, now: datetime) -> Select[Any]:
    found = select_engagement(frame_of(session, shop, now=now)).subquery("people")
    columns = {"ids": found.c.member_id, "engagement": cast(found.c.engagement, SmallInteger)}
    return _packed(found, _part(found.c.member_id, parts), columns)


def _select_orders(shop: Shop, parts: int) -> Select[Any]:
    placed_on = cast(func.timezone(shop.timezone, Order.processed_at), Date)
    found = (
        select(
            _part(Order.member_id, parts).label("part"),
            Order.member_id,
            cast(placed_on - literal(EPOCH, Date), Integer).label("day"),
            Order.current_total_minor.label("amount"),
            cast(cast(Order.currency != shop.currency, Integer), SmallInteger).label("foreign"),
        )
        .where(
            Order.shop_id == shop.shop_id,
            Order.member_id.is_not(None),
            Order.is_paid,
            Order.is_test.is_(False),
            Order.cancelled_at.is_(None),
        )
        .subquery("orders")
    )
    columns = {
        "member_ids": found.c.member_id,
        "days": found.c.day,
        "amounts": cast(found.c.amount, BigInteger),
        "are_foreign": found.c.foreign,
    }
    return _packed(found, found.c.part, columns)


def _part(member_id: Any, parts: int) -> Any:
    """Which part a member falls into: by the last byte of the id, which chance gave."""
    return func.get_byte(func.uuid_send(member_id), 15, type_=Integer) % parts


def _packed(found: Subquery, part: Any, columns: dict[str, Any]) -> Select[Any]:
    """For each part a row, with each of the columns as the bytes of one array."""
    arrays = (
        func.array_send(func.array_agg(column), type_=LargeBinary).label(name)
        for name, column in columns.items()
    )
    return select(part.label("part"), *arrays).select_from(found).group_by(part).order_by(part)


def _unpacked(sent: bytes, kind: np.dtype[Any]) -> NDArray[Any]:
    """The elements of an array of values that are all as long; each stands behind its length."""
    rows = np.dtype([("length", ">i4"), ("value", kind)])
    return np.frombuffer(sent, rows, offset=_HEADER)["value"].copy()
