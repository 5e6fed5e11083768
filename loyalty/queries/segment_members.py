"""Who belongs to a segment, who is kept out of it, and who came and went, in pages. Reads only.

The invariant: pages of members go by their ids, the newest first, so that nobody is skipped or
named twice while others come and go.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select, tuple_
from sqlalchemy.orm import Session

from loyalty.base.said import said
from loyalty.members.tables import Member, MemberBalance
from loyalty.queries import paging
from loyalty.segments.tables import SegmentMember, SegmentMove, SegmentOverride


@dataclass(frozen=True, slots=True)
class SegmentMemberRow:
    """A member of a segment, since `since`; `word` in or out: what somebody said by hand."""

    id: UUID
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    points: int
    joined_at: datetime
    since: datetime
    word: str | None

    @property
    def name(self) -> str:
        """What to call them in a list."""
        return _name(self.first_name, self.last_name, self.email)


@dataclass(frozen=True, slots=True)
class SegmentMemberPage:
    """`next` is None at the end."""

    rows: list[SegmentMemberRow]
    next: str | None


@dataclass(frozen=True, slots=True)
class SegmentMoveRow:
    """A member who entered the segment, or left it."""

    member_id: UUID
    name: str
    is_in: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class SegmentMovePage:
    """`next` is None at the end."""

    rows: list[SegmentMoveRow]
    next: str | None


def list_segment_members(
    session: Session, shop_id: int, segment_id: UUID, *, after: str | None = None, limit: int = 50
) -> SegmentMemberPage:
    """A page of those who belong; a foreign cursor begins anew."""
    return _page(session, _belonging(shop_id, segment_id), SegmentMember.member_id, after, limit)


def list_kept_out(
    session: Session, shop_id: int, segment_id: UUID, *, after: str | None = None, limit: int = 50
) -> SegmentMemberPage:
    """A page of those who are kept out by hand, since when."""
    return _page(session, _kept_out(shop_id, segment_id), SegmentOverride.member_id, after, limit)


def count_kept_out(session: Session, shop_id: int, segment_id: UUID) -> int:
    """How many active members are kept out by hand."""
    kept_out = _kept_out(shop_id, segment_id).with_only_columns(Member.id).subquery()
    return session.scalar(select(func.count()).select_from(kept_out)) or 0


def list_segment_moves(
    session: Session, shop_id: int, segment_id: UUID, *, after: str | None = None, limit: int = 50
) -> SegmentMovePage:
    """A page of who entered and left, the newest first; those who were erased are left out."""
    statement = (
        select(SegmentMove, Member.first_name, Member.last_name, Member.email)
        .join(Member, _same(SegmentMove))
        .where(SegmentMove.shop_id == shop_id, SegmentMove.segment_id == segment_id)
        .order_by(SegmentMove.at.desc(), SegmentMove.id.desc())
        .limit(limit + 1)
    )
    if cursor := paging.decode(after, datetime, UUID):
        statement = statement.where(tuple_(SegmentMove.at, SegmentMove.id) < tuple_(*cursor))
    found = session.execute(statement).all()
    rows = [
        SegmentMoveRow(move.member_id, _name(*names), move.is_in, move.at)
        for move, *names in found[:limit]
    ]
    last = found[limit - 1][0] if len(found) > limit else None
    return SegmentMovePage(rows, paging.encode(last.at, last.id) if last else None)


def _belonging(shop_id: int, segment_id: UUID) -> Select[Any]:
    by_hand = and_(
        SegmentOverride.shop_id == SegmentMember.shop_id,
        SegmentOverride.segment_id == SegmentMember.segment_id,
        SegmentOverride.member_id == SegmentMember.member_id,
    )
    return (
        _people(SegmentMember.entered_at, SegmentOverride.word)
        .select_from(SegmentMember)
        .join(Member, _same(SegmentMember))
        .join(MemberBalance, _same_balance())
        .outerjoin(SegmentOverride, by_hand)
        .where(SegmentMember.shop_id == shop_id, SegmentMember.segment_id == segment_id)
        .where(Member.state == "active")
    )


def _kept_out(shop_id: int, segment_id: UUID) -> Select[Any]:
    return (
        _people(SegmentOverride.set_at, SegmentOverride.word)
        .select_from(SegmentOverride)
        .join(Member, _same(SegmentOverride))
        .join(MemberBalance, _same_balance())
        .where(SegmentOverride.shop_id == shop_id, SegmentOverride.segment_id == segment_id)
        .where(SegmentOverride.word == "out", Member.state == "active")
    )


def _people(since: Any, word: Any) -> Select[Any]:
    return select(
        Member.id,
        Member.first_name,
        Member.last_name,
        Member.email,
        Member.phone,
        MemberBalance.available.label("points"),
        Member.joined_at,
        since.label("since"),
        word.label("word"),
    )


def _same(
    table: type[SegmentMember] | type[SegmentOverride] | type[SegmentMove],
) -> ColumnElement[bool]:
    return and_(Member.shop_id == table.shop_id, Member.id == table.member_id)


def _same_balance() -> ColumnElement[bool]:
    return and_(MemberBalance.shop_id == Member.shop_id, MemberBalance.member_id == Member.id)


def _page(
    session: Session, wanted: Select[Any], place: Any, after: str | None, limit: int
) -> SegmentMemberPage:
    if cursor := paging.decode(after, UUID):
        wanted = wanted.where(place < cursor[0])
    found = session.execute(wanted.order_by(place.desc()).limit(limit + 1)).mappings().all()
    rows = [SegmentMemberRow(**row) for row in found[:limit]]
    return SegmentMemberPage(rows, paging.encode(rows[-1].id) if len(found) > limit else None)


def _name(first_name: str | None, last_name: str | None, email: str | None) -> str:
    return " ".join(filter(None, (first_name, last_name))) or email or said("No name")
