"""Fills a whole segment in one statement: who is meant, who comes, who goes, and the moves.

The invariant: what it writes is of one snapshot, taken under the lock of the segment's row.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    BigInteger,
    CompoundSelect,
    Select,
    Table,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    text,
    union_all,
)
from sqlalchemy import UUID as SqlUuid
from sqlalchemy.orm import Session

from loyalty.base.db import Base
from loyalty.criteria.compiling import select_meant
from loyalty.criteria.language import Criteria
from loyalty.segments.tables import Segment, SegmentMember, SegmentMove, SegmentOverride
from loyalty.shops.tables import Shop

_MOVE = ["shop_id", "id", "segment_id", "member_id", "is_in", "at"]


def fill(
    session: Session, shop: Shop, segment: Segment, criteria: Criteria | None, *, now: datetime
) -> tuple[int, int, int]:
    """How many belong to the segment by now, entered and left it. Its row is locked.

    The first filling of a segment which nobody has ever belonged to is no move of anybody's.
    """
    meant = meant_by(session, shop, segment.id, criteria, now=now).cte("meant")
    looked_at = segment.filled_at or segment.refreshed_at
    tells = segment.size > 0 or looked_at is not None or _has_moves(session, segment)
    with making_room(session):
        row = session.execute(_statement(segment, meant, now, tells)).one()
    return row.size, row.entered, row.left_it


def meant_by(
    session: Session, shop: Shop, segment_id: UUID, criteria: Criteria | None, *, now: datetime
) -> Select[UUID] | CompoundSelect[UUID]:
    """The active members who are to belong: by the rule, but for what was said by hand."""
    by_hand = (
        select(SegmentOverride.member_id, SegmentOverride.word)
        .where(SegmentOverride.shop_id == shop.shop_id, SegmentOverride.segment_id == segment_id)
        .subquery("by_hand")
    )
    return select_meant(session, shop, criteria, now=now, by_hand=by_hand)


@contextmanager
def making_room(session: Session) -> Iterator[None]:
    """Let what runs inside sort and hash a large shop in memory, and compile nothing for it.

    Under row-level security a large shop among many looks small to the planner, which would then
    go through all orders once for each member: no nested loops. Nor does it share the work: each of
    its processes would sum up all orders anew, on the cores that the tills need.
    """
    settings = {
        "work_mem": "'128MB'",
        "jit": "off",
        "enable_nestloop": "off",
        "max_parallel_workers_per_gather": "0",
    }
    for name, value in settings.items():
        session.execute(text(f"SET LOCAL {name} = {value}"))
    yield
    for name in settings:
        session.execute(text(f"SET LOCAL {name} TO DEFAULT"))


def _has_moves(session: Session, segment: Segment) -> bool:
    """Whether anybody has come or gone: whoever comes by another rule comes after them."""
    found = exists().where(
        SegmentMove.shop_id == segment.shop_id, SegmentMove.segment_id == segment.id
    )
    return bool(session.scalar(select(found)))


def _statement(segment: Segment, meant: CTE, now: datetime, tells: bool) -> Select[int, int, int]:
    gone, come = _gone(segment, meant), _come(segment, meant, now)
    statement = select(
        _count(meant).label("size"), _count(come).label("entered"), _count(gone).label("left_it")
    )
    return statement.add_cte(_moves(segment, come, gone, now)) if tells else statement


def _count(rows: CTE) -> Any:
    return select(func.count()).select_from(rows).scalar_subquery()


def _gone(segment: Segment, meant: CTE) -> CTE:
    members = _table(SegmentMember)
    is_meant = exists().where(meant.c.member_id == members.c.member_id)
    return (
        delete(members)
        .where(members.c.shop_id == segment.shop_id, members.c.segment_id == segment.id, ~is_meant)
        .returning(members.c.member_id)
        .cte("gone")
    )


def _come(segment: Segment, meant: CTE, now: datetime) -> CTE:
    members, there = _table(SegmentMember), _table(SegmentMember).alias("there")
    is_there = exists().where(
        there.c.shop_id == segment.shop_id,
        there.c.segment_id == segment.id,
        there.c.member_id == meant.c.member_id,
    )
    fresh = select(
        literal(segment.shop_id, BigInteger),
        literal(segment.id, SqlUuid),
        meant.c.member_id,
        literal(now),
    ).where(~is_there)
    names = ["shop_id", "segment_id", "member_id", "entered_at"]
    return insert(members).from_select(names, fresh).returning(members.c.member_id).cte("come")


def empty(session: Session, segment: Segment, *, now: datetime) -> None:
    """Have everybody leave the segment, whose row is locked. Flushes nothing but its own."""
    members, moves = _table(SegmentMember), _table(SegmentMove)
    gone = (
        delete(members)
        .where(members.c.shop_id == segment.shop_id, members.c.segment_id == segment.id)
        .returning(members.c.member_id)
        .cte("gone")
    )
    moved = _moved(segment, gone, False, now)
    session.execute(insert(moves).from_select(_MOVE, moved))
    segment.size = 0


def _moves(segment: Segment, come: CTE, gone: CTE, now: datetime) -> CTE:
    moves = _table(SegmentMove)
    moved = union_all(_moved(segment, come, True, now), _moved(segment, gone, False, now))
    return insert(moves).from_select(_MOVE, moved).cte("moved")


def _moved(segment: Segment, rows: CTE, is_in: bool, now: datetime) -> Select[Any]:
    return select(
        literal(segment.shop_id, BigInteger),
        func.gen_random_uuid(),
        literal(segment.id, SqlUuid),
        rows.c.member_id,
        literal(is_in),
        literal(now),
    )


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table
