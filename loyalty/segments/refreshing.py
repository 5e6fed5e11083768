"""Brings segments to what is true by now: a whole one in one statement, or some members of all.

The invariant: whoever writes who belongs holds the lock of the segment's row from before they
look, so that nothing older is ever written over something newer. What was said by hand stands.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from loyalty.base.bulk import among, among_many, insert_rows
from loyalty.base.errors import BadCriteria, SegmentNotFound
from loyalty.base.ids import new_id
from loyalty.criteria.evaluating import holds
from loyalty.criteria.facts import MemberFacts
from loyalty.criteria.language import Criteria, read_criteria, sources_of
from loyalty.criteria.loading import members_facts
from loyalty.segments import filling
from loyalty.segments.tables import Segment, SegmentMember, SegmentMove, SegmentOverride
from loyalty.shops.tables import Shop

log = structlog.get_logger()

Pair = tuple[UUID, UUID]
"""(segment, member)."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """How many belong to a segment by now, and how many entered and left it."""

    size: int
    entered: int
    left: int


def refresh(session: Session, shop: Shop, segment_id: UUID, *, now: datetime) -> Refreshed | None:
    """Look at all members of the shop for one segment; None if its rule cannot be used.

    Then the segment says why, and stays as it was. Raises SegmentNotFound. Flushes; the caller
    commits.
    """
    found = lock_segments(session, shop.shop_id, [segment_id])
    if not found:
        raise SegmentNotFound(str(segment_id))
    (segment,) = found
    try:
        criteria = _read(segment)
    except BadCriteria as error:
        log.error("segment_unusable", shop=shop.shop_id, segment=str(segment_id), field=error.field)
        segment.error, segment.refreshed_at = str(error), now
        session.flush()
        return None
    refreshed = Refreshed(*filling.fill(session, shop, segment, criteria, now=now))
    segment.size, segment.refreshed_at, segment.error = refreshed.size, now, None
    segment.filled_at = segment.filled_at or now
    session.flush()
    return refreshed


def refresh_members(
    session: Session,
    shop: Shop,
    member_ids: Collection[UUID],
    *,
    now: datetime,
    segment_ids: Collection[UUID] | None = None,
) -> int:
    """Look at these members for all segments, or for these; how often one entered or left.

    Segments that wait to be filled are left out: they will be looked at whole. Again it changes
    nothing. A few statements for all. Flushes; the caller commits.
    """
    locked = lock_segments(session, shop.shop_id, segment_ids)
    rules = _rules([segment for segment in locked if segment.refreshed_at is not None])
    if not rules or not member_ids:
        return 0
    session.flush()
    sources = frozenset().union(*(sources_of(rule) for rule in rules.values() if rule is not None))
    facts = members_facts(session, shop, member_ids, now=now, sources=sources)
    words = _words(session, shop.shop_id, rules, member_ids)
    meant = {
        (segment_id, member_id)
        for segment_id, rule in rules.items()
        for member_id, known in facts.items()
        if _belongs(rule, known, words.get((segment_id, member_id)))
    }
    had = _had(session, shop.shop_id, rules, member_ids)
    _write(session, shop.shop_id, locked, sorted(meant - had), sorted(had - meant), now)
    return len(meant ^ had)


def lock_segments(
    session: Session, shop_id: int, segment_ids: Collection[UUID] | None = None
) -> Sequence[Segment]:
    """Those of these segments that are still there, or all of the shop's, locked in id order."""
    statement = select(Segment).where(Segment.shop_id == shop_id, Segment.retired_at.is_(None))
    if segment_ids is not None:
        statement = statement.where(among(Segment.id, segment_ids))
    locking = statement.order_by(Segment.id).with_for_update(key_share=True)
    return session.scalars(locking.execution_options(populate_existing=True)).all()


def _read(segment: Segment) -> Criteria | None:
    return None if segment.criteria is None else read_criteria(segment.criteria)


def _rules(segments: Sequence[Segment]) -> dict[UUID, Criteria | None]:
    """The rules that can be read; a release may have dropped a fact that one asks for."""
    rules = {}
    for segment in segments:
        try:
            rules[segment.id] = _read(segment)
        except BadCriteria:
            continue  # the nightly look writes down why
    return rules


def _belongs(rule: Criteria | None, facts: MemberFacts, word: str | None) -> bool:
    if word is not None:
        return word == "in"
    return rule is not None and holds(rule, facts)


def _words(
    session: Session, shop_id: int, segment_ids: Collection[UUID], member_ids: Collection[UUID]
) -> Mapping[Pair, str]:
    rows = session.execute(
        select(SegmentOverride.segment_id, SegmentOverride.member_id, SegmentOverride.word).where(
            SegmentOverride.shop_id == shop_id,
            among_many(SegmentOverride.segment_id, segment_ids),
            among_many(SegmentOverride.member_id, member_ids),
        )
    )
    return {(row.segment_id, row.member_id): row.word for row in rows}


def _had(
    session: Session, shop_id: int, segment_ids: Collection[UUID], member_ids: Collection[UUID]
) -> set[Pair]:
    rows = session.execute(
        select(SegmentMember.segment_id, SegmentMember.member_id).where(
            SegmentMember.shop_id == shop_id,
            among_many(SegmentMember.segment_id, segment_ids),
            among_many(SegmentMember.member_id, member_ids),
        )
    )
    return {(row.segment_id, row.member_id) for row in rows}


def _write(
    session: Session,
    shop_id: int,
    segments: Sequence[Segment],
    entered: Sequence[Pair],
    left: Sequence[Pair],
    now: datetime,
) -> None:
    pairs = [(pair, True) for pair in entered] + [(pair, False) for pair in left]
    if not pairs:
        return
    if left:
        session.execute(
            delete(SegmentMember).where(
                SegmentMember.shop_id == shop_id,
                tuple_(SegmentMember.segment_id, SegmentMember.member_id).in_(left),
            ),
            execution_options={"synchronize_session": False},
        )
    insert_rows(session, SegmentMember, [_row(shop_id, pair, entered_at=now) for pair in entered])
    moves = [_row(shop_id, pair, id=new_id(), is_in=is_in, at=now) for pair, is_in in pairs]
    insert_rows(session, SegmentMove, moves)
    for segment in segments:
        segment.size += sum(
            1 if is_in else -1 for (segment_id, _), is_in in pairs if segment_id == segment.id
        )
    session.flush()


def _row(shop_id: int, pair: Pair, **more: object) -> dict[str, object]:
    return {"shop_id": shop_id, "segment_id": pair[0], "member_id": pair[1], **more}
