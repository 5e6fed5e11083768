"""A merchant's segments: made, changed and removed. Removed ones keep their name and nobody.

The invariant: a rule that is stored can be read, and there may be somebody whom it means.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.db import ring_after_commit
from loyalty.base.errors import BadCriteria, BadSegment, SegmentNotFound
from loyalty.base.ids import new_id
from loyalty.base.said import said
from loyalty.criteria.language import read_criteria
from loyalty.criteria.sense import check_sense
from loyalty.programme.tables import Programme
from loyalty.segments.filling import empty
from loyalty.segments.refreshing import lock_segments
from loyalty.segments.tables import Segment, SegmentOverride
from loyalty.segments.views import list_segments
from loyalty.shops.tables import Shop
from loyalty.tiers.ladder import load_ladder

SEGMENTS_MAX = 100
NAME_MAX = 60
DESCRIPTION_MAX = 200


def add_segment(
    session: Session,
    shop: Shop,
    *,
    name: str,
    criteria: Any,
    actor: Actor,
    now: datetime,
    description: str = "",
) -> Segment:
    """A segment of the merchant's own; its job fills it after the commit. Without criteria: by
    hand alone.

    Raises BadSegment with the field: name, description, or criteria and the way into them.
    """
    others = _lock_all(session, shop.shop_id)
    if len(others) >= SEGMENTS_MAX:
        raise BadSegment("name", said("Use at most %(most)s segments", most=SEGMENTS_MAX))
    segment = Segment(shop_id=shop.shop_id, id=new_id(), size=0, created_at=now)
    _fill_in(session, segment, others, name, description, criteria)
    segment.refreshed_at = now if criteria is None else None
    session.add(segment)
    _end(session, segment, "segment_added", actor, now)
    return segment


def change_segment(
    session: Session,
    shop: Shop,
    segment_id: UUID,
    *,
    name: str,
    criteria: Any,
    actor: Actor,
    now: datetime,
    description: str = "",
) -> Segment:
    """The segment with another name and rule, ready-made ones too. Raises as `add_segment`, and
    SegmentNotFound. With another rule its members stay until its job has looked at all.
    """
    others = _lock_all(session, shop.shop_id)
    segment = _lock(session, shop.shop_id, segment_id)
    before = segment.criteria
    rest = [other for other in others if other.id != segment_id]
    _fill_in(session, segment, rest, name, description, criteria)
    if segment.criteria != before or segment.error is not None:
        segment.refreshed_at, segment.error = None, None
    _end(session, segment, "segment_changed", actor, now)
    return segment


def retire_segment(
    session: Session, shop_id: int, segment_id: UUID, *, actor: Actor, now: datetime
) -> None:
    """Remove the segment: everybody leaves it. Raises SegmentNotFound."""
    segment = _lock(session, shop_id, segment_id)
    empty(session, segment, now=now)
    session.execute(
        delete(SegmentOverride).where(
            SegmentOverride.shop_id == shop_id, SegmentOverride.segment_id == segment_id
        ),
        execution_options={"synchronize_session": False},
    )
    segment.retired_at = now
    _end(session, segment, "segment_removed", actor, now)


def ask_for_refresh(session: Session, shop_id: int) -> None:
    """Have all of the shop's segments filled anew: much has arrived of which nobody was told."""
    for segment in lock_segments(session, shop_id):
        segment.refreshed_at = None
    ring_after_commit(session, "segment_refresh", shop_id)
    session.flush()


def _lock_all(session: Session, shop_id: int) -> Sequence[Segment]:
    """One at a time, so that the limit and the names hold."""
    session.get_one(Programme, shop_id, with_for_update=True)
    return list_segments(session, shop_id)


def _lock(session: Session, shop_id: int, segment_id: UUID) -> Segment:
    found = lock_segments(session, shop_id, [segment_id])
    if not found:
        raise SegmentNotFound(str(segment_id))
    return found[0]


def _fill_in(
    session: Session,
    segment: Segment,
    others: Sequence[Segment],
    name: str,
    description: str,
    criteria: Any,
) -> None:
    """Checks everything before it changes anything."""
    name, description = " ".join(name.split()), description.strip()
    if not name or len(name) > NAME_MAX or not name.isprintable():
        raise BadSegment("name", said("Use 1 to %(most)s characters", most=NAME_MAX))
    if any(other.name.casefold() == name.casefold() for other in others):
        raise BadSegment("name", said("There is a segment called %(name)s already", name=name))
    if len(description) > DESCRIPTION_MAX or "\0" in description:
        raise BadSegment(
            "description", said("Use at most %(most)s characters", most=DESCRIPTION_MAX)
        )
    if criteria is not None:
        check_rule(session, segment.shop_id, criteria)
    segment.name, segment.description, segment.criteria = name, description, criteria


def check_rule(session: Session, shop_id: int, criteria: Any) -> None:
    """Raises BadSegment with the way into criteria that cannot be read or never match anybody."""
    try:
        tree = read_criteria(criteria)
        check_sense(tree, {rung.id for rung in load_ladder(session, shop_id).rungs})
    except BadCriteria as error:
        raise BadSegment(f"criteria.{error.field}".rstrip("."), error.args[0]) from error


def _end(session: Session, segment: Segment, action: str, actor: Actor, now: datetime) -> None:
    audit.record(
        session,
        segment.shop_id,
        actor,
        action,
        ("segment", str(segment.id)),
        now=now,
        name=segment.name,
        criteria=segment.criteria,
    )
    if segment.refreshed_at is None and segment.retired_at is None:
        ring_after_commit(session, "segment_refresh", segment.shop_id)
    session.flush()
