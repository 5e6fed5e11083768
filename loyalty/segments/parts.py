"""Segments' parts in what is held of a person: an erased one belongs nowhere.

The invariant: a merge never puts anybody where one of the two was kept out.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from loyalty.privacy.parts import (
    Drop,
    Merging,
    Part,
    Person,
    Run,
    Stays,
    Unites,
    by_member,
)
from loyalty.segments.refreshing import lock_segments
from loyalty.segments.tables import Segment, SegmentMember, SegmentMove, SegmentOverride

_TABLE = SegmentOverride.__tablename__
_NAMED = {"segment_id": Segment.name}


def _unite(session: Session, merging: Merging) -> None:
    """The survivor takes on every word about the merged member; out is the stricter one."""
    own = {each.segment_id: each for each in _words(session, merging, merging.survivor_id)}
    before: dict[str, Any] = {}
    for theirs in _words(session, merging, merging.merged_id):
        mine = own.get(theirs.segment_id)
        if mine is None:
            before[str(theirs.segment_id)] = None
            _add(session, merging, theirs.segment_id, theirs.word, theirs.set_by, theirs.set_at)
        elif (mine.word, theirs.word) == ("in", "out"):
            before[str(theirs.segment_id)] = [mine.word, mine.set_by, mine.set_at.isoformat()]
            mine.word, mine.set_by, mine.set_at = theirs.word, theirs.set_by, theirs.set_at
    if before:
        merging.notes[_TABLE] = before
    session.flush()


def _part(session: Session, merging: Merging) -> None:
    """As it was, but for what somebody has said of the survivor since the merge."""
    for text, before in merging.notes.get(_TABLE, {}).items():
        key = (merging.shop_id, UUID(text), merging.survivor_id)
        mine = session.get(SegmentOverride, key, populate_existing=True)
        if mine is None or mine.set_at > merging.merged_at:
            continue
        if before is None:
            session.delete(mine)
        else:
            mine.word, mine.set_by = before[0], before[1]
            mine.set_at = datetime.fromisoformat(before[2])
    session.flush()


def _words(session: Session, merging: Merging, member_id: UUID) -> list[SegmentOverride]:
    statement = (
        select(SegmentOverride)
        .where(SegmentOverride.shop_id == merging.shop_id, SegmentOverride.member_id == member_id)
        .order_by(SegmentOverride.segment_id)
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(statement))


def _add(
    session: Session, merging: Merging, segment_id: UUID, word: str, set_by: str, at: datetime
) -> None:
    row = SegmentOverride(
        shop_id=merging.shop_id,
        segment_id=segment_id,
        member_id=merging.survivor_id,
        word=word,
        set_by=set_by,
        set_at=at,
    )
    session.add(row)


def _leave(session: Session, person: Person, now: datetime) -> None:
    """Out of every segment, whose size says so at once; that they were in one is not kept."""
    segments = lock_segments(session, person.shop_id)
    left = Counter(
        session.scalars(
            delete(SegmentMember)
            .where(by_member(SegmentMember)(person))
            .returning(SegmentMember.segment_id),
            execution_options={"synchronize_session": False},
        )
    )
    for segment in segments:
        segment.size -= left[segment.id]


PARTS: Sequence[Part] = (
    Part(
        SegmentOverride,
        by_member(SegmentOverride),
        "Segments by hand",
        Drop(),
        Unites("every word about either of the two, the stricter one", _unite, _part),
        secrets=("set_by",),
        named=_NAMED,
    ),
    Part(
        SegmentMember,
        by_member(SegmentMember),
        "Segments",
        Run("they leave every segment", _leave),
        Stays("both are looked at anew: the survivor belongs where the united facts say"),
        named=_NAMED,
    ),
    Part(
        SegmentMove,
        by_member(SegmentMove),
        "Segments entered and left",
        Drop(),
        Stays("it tells of the past"),
        named=_NAMED,
    ),
)
