"""By hand: a member is put into a segment or kept out of it, and stays so whatever the rule says.

The invariant: what somebody says counts at once, or with the look that a segment waits for, and
every look after it keeps to it.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.bulk import put_rows
from loyalty.base.errors import SegmentNotFound
from loyalty.members.states import get_active_member
from loyalty.segments.refreshing import lock_segments, refresh_members
from loyalty.segments.tables import Segment, SegmentOverride
from loyalty.shops.tables import Shop

Word = Literal["in", "out"]


def put_in(
    session: Session,
    shop: Shop,
    segment_id: UUID,
    member_id: UUID,
    *,
    actor: Actor,
    now: datetime,
) -> bool:
    """The member belongs to the segment from now on; False if that was said already.

    Raises SegmentNotFound, MemberNotFound, MemberNotActive. Flushes; the caller commits.
    """
    return _say(session, shop, segment_id, member_id, "in", actor, now)


def put_all_in(
    session: Session,
    shop: Shop,
    segment_id: UUID,
    member_ids: Collection[UUID],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """The same of these active members, in a few statements for all. Raises SegmentNotFound."""
    segment = _lock(session, shop.shop_id, segment_id)
    key = {"shop_id": shop.shop_id, "segment_id": segment_id}
    word = {"word": "in", "set_by": str(actor), "set_at": now}
    put_rows(session, SegmentOverride, [key | {"member_id": each} | word for each in member_ids])
    subject = ("segment", str(segment_id))
    audit.record(
        session,
        shop.shop_id,
        actor,
        "segment_put_many_in",
        subject,
        now=now,
        segment=segment.name,
        members=len(member_ids),
    )
    refresh_members(session, shop, member_ids, now=now, segment_ids=[segment_id])


def keep_out(
    session: Session,
    shop: Shop,
    segment_id: UUID,
    member_id: UUID,
    *,
    actor: Actor,
    now: datetime,
) -> bool:
    """The member belongs to it no more, whatever the rule says; else as `put_in`."""
    return _say(session, shop, segment_id, member_id, "out", actor, now)


def clear(
    session: Session,
    shop: Shop,
    segment_id: UUID,
    member_id: UUID,
    *,
    actor: Actor,
    now: datetime,
) -> bool:
    """The rule decides of the member again; False if nothing was said by hand. As `put_in`."""
    segment = _lock(session, shop.shop_id, segment_id)
    get_active_member(session, shop.shop_id, member_id)
    said = _find(session, segment, member_id)
    if said is None:
        return False
    session.delete(said)
    _record(session, segment, member_id, "segment_word_cleared", actor, now)
    refresh_members(session, shop, [member_id], now=now, segment_ids=[segment_id])
    return True


def _say(
    session: Session,
    shop: Shop,
    segment_id: UUID,
    member_id: UUID,
    word: Word,
    actor: Actor,
    now: datetime,
) -> bool:
    segment = _lock(session, shop.shop_id, segment_id)
    get_active_member(session, shop.shop_id, member_id)
    said = _find(session, segment, member_id)
    if said is not None and said.word == word:
        return False
    if said is None:
        said = SegmentOverride(shop_id=shop.shop_id, segment_id=segment_id, member_id=member_id)
        session.add(said)
    said.word, said.set_by, said.set_at = word, str(actor), now
    _record(session, segment, member_id, f"segment_put_{word}", actor, now)
    refresh_members(session, shop, [member_id], now=now, segment_ids=[segment_id])
    return True


def _lock(session: Session, shop_id: int, segment_id: UUID) -> Segment:
    found = lock_segments(session, shop_id, [segment_id])
    if not found:
        raise SegmentNotFound(str(segment_id))
    return found[0]


def _find(session: Session, segment: Segment, member_id: UUID) -> SegmentOverride | None:
    key = (segment.shop_id, segment.id, member_id)
    return session.get(SegmentOverride, key, populate_existing=True)


def _record(
    session: Session, segment: Segment, member_id: UUID, action: str, actor: Actor, now: datetime
) -> None:
    audit.record(
        session,
        segment.shop_id,
        actor,
        action,
        ("member", str(member_id)),
        now=now,
        segment=segment.name,
        segment_id=str(segment.id),
    )
    session.flush()
