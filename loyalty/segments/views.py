"""What pages and audiences read of segments. Reads only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.base.errors import SegmentNotFound
from loyalty.segments.tables import Segment, SegmentMember, SegmentOverride


@dataclass(frozen=True, slots=True)
class MemberSegment:
    """A segment that a member belongs to since `since`, or was kept out of.

    `word`: in or out if somebody said so by hand, with `since` then; None by the rule.
    """

    segment_id: UUID
    name: str
    since: datetime
    word: str | None
    is_in: bool


def list_segments(session: Session, shop_id: int) -> Sequence[Segment]:
    """The shop's segments with their sizes, the oldest first; none that were removed."""
    statement = (
        select(Segment)
        .where(Segment.shop_id == shop_id, Segment.retired_at.is_(None))
        .order_by(Segment.id)
        .execution_options(populate_existing=True)
    )
    return session.scalars(statement).all()


def get_segment(session: Session, shop_id: int, segment_id: UUID) -> Segment:
    """The shop's segment; raises SegmentNotFound for one that was removed, too."""
    segment = session.get(Segment, (shop_id, segment_id), populate_existing=True)
    if segment is None or segment.retired_at is not None:
        raise SegmentNotFound(str(segment_id))
    return segment


def names_of(session: Session, shop_id: int, segment_ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of these segments, those that were removed, too."""
    statement = select(Segment.id, Segment.name).where(
        Segment.shop_id == shop_id, among(Segment.id, segment_ids)
    )
    return {row.id: row.name for row in session.execute(statement)}


def member_ids(session: Session, shop_id: int, segment_ids: Collection[UUID]) -> Select[UUID]:
    """Who belongs to any of these segments, each once: one column, member_id.

    As of the last look: whoever sends something looks at the member's state themselves. Raises
    SegmentNotFound if one of them is none of the shop's, or none any more.
    """
    for segment_id in segment_ids:
        get_segment(session, shop_id, segment_id)
    statement = select(SegmentMember.member_id).where(
        SegmentMember.shop_id == shop_id, SegmentMember.segment_id.in_(segment_ids)
    )
    return statement if len(set(segment_ids)) == 1 else statement.distinct()


def segments_of(session: Session, shop_id: int, member_id: UUID) -> list[MemberSegment]:
    """The member's segments, and those they were kept out of, by name."""
    rows = session.execute(
        select(
            Segment.id,
            Segment.name,
            SegmentMember.entered_at,
            SegmentOverride.word,
            SegmentOverride.set_at,
        )
        .outerjoin(SegmentMember, _of(SegmentMember, member_id))
        .outerjoin(SegmentOverride, _of(SegmentOverride, member_id))
        .where(
            Segment.shop_id == shop_id,
            Segment.retired_at.is_(None),
            SegmentMember.member_id.is_not(None) | SegmentOverride.member_id.is_not(None),
        )
        .order_by(func.lower(Segment.name), Segment.id)
    )
    return [
        MemberSegment(
            segment_id=row.id,
            name=row.name,
            since=row.set_at or row.entered_at,
            word=row.word,
            is_in=row.entered_at is not None,
        )
        for row in rows
    ]


def _of(model: type[SegmentMember] | type[SegmentOverride], member_id: UUID) -> ColumnElement[bool]:
    return and_(
        model.shop_id == Segment.shop_id,
        model.segment_id == Segment.id,
        model.member_id == member_id,
    )
