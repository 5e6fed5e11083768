"""What the profile shows of segments: the member's own, those that they are kept out of, others."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from loyalty.members.tables import Member
from loyalty.segments.tables import Segment
from loyalty.segments.views import MemberSegment, list_segments, segments_of


@dataclass(frozen=True, slots=True)
class MemberSegments:
    """Where the member belongs, is kept out, and could be put in; what was refused.

    `by_hand`: the segments that have no rule. `can_change`: only the active are put anywhere.
    """

    own: list[MemberSegment]
    kept_out: list[MemberSegment]
    others: list[Segment]
    by_hand: frozenset[UUID]
    can_change: bool
    error: str = ""


def read_segments(session: Session, member_id: UUID, *, error: str = "") -> dict[str, Any]:
    """The member's segments by name, and those of the shop that say nothing of them."""
    known = segments_of(session, g.shop_id, member_id)
    named = {one.segment_id for one in known if one.is_in or one.word == "in"}
    everything = list_segments(session, g.shop_id)
    member = session.get(Member, (g.shop_id, member_id))
    segments = MemberSegments(
        own=[one for one in known if one.segment_id in named],
        kept_out=[one for one in known if one.segment_id not in named],
        others=[segment for segment in everything if segment.id not in named],
        by_hand=frozenset(segment.id for segment in everything if segment.criteria is None),
        can_change=member is not None and member.state == "active",
        error=error,
    )
    return {"segments": segments}
