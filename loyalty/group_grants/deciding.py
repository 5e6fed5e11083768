"""The decision to give points to a segment or to members of the list, and to take them back.

Jobs carry both out.

The invariant: one client key is one decision, and what is being given is given to nobody twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.adjustments import REASONS, read_points
from loyalty.audit import Actor
from loyalty.base.db import ring_after_commit
from loyalty.base.errors import (
    BadAdjustment,
    BadGroupGrant,
    GroupGrantNotFound,
    IdempotencyConflict,
)
from loyalty.base.ids import new_id
from loyalty.base.said import said
from loyalty.group_grants.tables import GroupGrant, GroupGrantMember
from loyalty.listing.selection import Selection, count_selected
from loyalty.members.tables import Member
from loyalty.queries import paging
from loyalty.segments.views import get_segment, member_ids

_KEY_MAX = 100


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a grant would reach: active members of the segment, and the sum of points."""

    segment_name: str
    members: int
    points: int


@dataclass(frozen=True, slots=True)
class GrantPage:
    """A batch of decisions; `next` is None at the end."""

    rows: Sequence[GroupGrant]
    next: str | None


def read_given(points: str | int) -> int:
    """A whole number of points, above 0; raises BadGroupGrant for what is none."""
    try:
        signed = read_points(points)
    except BadAdjustment as error:
        raise BadGroupGrant(error.field, error.args[0]) from error
    if signed < 0:
        raise BadGroupGrant("points", said("Enter how many points each member gets"))
    return signed


def count_audience(session: Session, shop_id: int, segment_id: UUID, *, points: int) -> Audience:
    """Whom it would reach by now. Raises SegmentNotFound."""
    segment = get_segment(session, shop_id, segment_id)
    found = member_ids(session, shop_id, [segment_id]).subquery()
    members = session.scalar(
        select(func.count())
        .select_from(found)
        .join(Member, (Member.shop_id == shop_id) & (Member.id == found.c.member_id))
        .where(Member.state == "active")
    )
    return Audience(segment.name, members or 0, (members or 0) * points)


def give_to_segment(
    session: Session,
    shop_id: int,
    segment_id: UUID,
    *,
    points: str | int,
    reason: str,
    tells_members: bool,
    client_key: str,
    actor: Actor,
    now: datetime,
    expected: int | None = None,
) -> GroupGrant:
    """Decide that each member of the segment gets `points`; the same `client_key` decides once.

    `expected`: how many members whoever decides was shown; another number is refused. Raises
    BadGroupGrant for what cannot be given or reaches nobody, IdempotencyConflict for a key of
    another decision, SegmentNotFound. Rings the job; flushes; the caller commits.
    """
    given = read_given(points)
    _check_words(reason, client_key)
    known = _find_by_key(session, shop_id, client_key)
    if known is not None:
        return _same(known, (segment_id, None, given, reason))
    audience = count_audience(session, shop_id, segment_id, points=given)
    _check_audience(audience, expected)
    grant = GroupGrant(
        shop_id=shop_id,
        id=new_id(),
        client_key=client_key,
        segment_id=segment_id,
        segment_name=audience.segment_name,
        points=given,
        reason=reason,
        tells_members=tells_members,
        actor=str(actor),
        state="preparing",
        created_at=now,
    )
    session.add(grant)
    _record(session, grant, actor, "group_grant_begun", now, members=audience.members)
    return grant


def give_to_selected(
    session: Session,
    shop_id: int,
    selection: Selection,
    *,
    words: str,
    points: str | int,
    reason: str,
    tells_members: bool,
    client_key: str,
    actor: Actor,
    now: datetime,
) -> GroupGrant:
    """The same for members of the list who were ticked or who match; `words` say who they are."""
    given = read_given(points)
    _check_words(reason, client_key)
    stored = selection.as_stored()
    known = _find_by_key(session, shop_id, client_key)
    if known is not None:
        return _same(known, (None, stored, given, reason))
    members = count_selected(session, shop_id, selection)
    if members == 0:
        words = said("Nobody is selected any more: there is nobody to give to")
        raise BadGroupGrant("form", words)
    grant = GroupGrant(
        shop_id=shop_id,
        id=new_id(),
        client_key=client_key,
        selection=stored,
        segment_name=words,
        points=given,
        reason=reason,
        tells_members=tells_members,
        actor=str(actor),
        state="preparing",
        created_at=now,
    )
    session.add(grant)
    _record(session, grant, actor, "group_grant_begun", now, members=members)
    return grant


def undo_group_grant(
    session: Session,
    shop_id: int,
    grant_id: UUID,
    *,
    actor: Actor,
    now: datetime,
    is_forced: bool = False,
) -> GroupGrant:
    """Decide that the points are taken back; whoever still waits for them gets none.

    Who has spent some keeps all, unless `is_forced`: then their balance may fall below zero. The
    same again changes nothing; forced after unforced goes on with those who kept theirs. Raises
    GroupGrantNotFound. Rings the job; flushes; the caller commits.
    """
    grant = lock_grant(session, shop_id, grant_id)
    is_news = is_forced and not grant.undo_is_forced
    if grant.state in ("undoing", "undone") and not is_news:
        return grant
    if is_news and grant.kept:
        _take_up_kept(session, grant)
    grant.state, grant.undo_is_forced = "undoing", is_forced
    grant.undo_by, grant.undo_asked_at, grant.undone_at = str(actor), now, None
    _record(session, grant, actor, "group_grant_undone", now, is_forced=is_forced)
    return grant


def lock_grant(session: Session, shop_id: int, grant_id: UUID) -> GroupGrant:
    """The decision, locked; raises GroupGrantNotFound."""
    grant = session.get(
        GroupGrant, (shop_id, grant_id), with_for_update=True, populate_existing=True
    )
    if grant is None:
        raise GroupGrantNotFound(str(grant_id))
    return grant


def list_grants(
    session: Session, shop_id: int, *, after: str | None = None, limit: int = 50
) -> GrantPage:
    """The decisions with what became of them so far, the newest first."""
    statement = select(GroupGrant).where(GroupGrant.shop_id == shop_id)
    if (cursor := paging.decode(after, UUID)) is not None:
        statement = statement.where(GroupGrant.id < cursor[0])
    found = session.scalars(
        statement.order_by(GroupGrant.id.desc())
        .limit(limit + 1)
        .execution_options(populate_existing=True)
    ).all()
    rows = found[:limit]
    return GrantPage(rows, paging.encode(rows[-1].id) if len(found) > limit else None)


def get_grant(session: Session, shop_id: int, grant_id: UUID) -> GroupGrant:
    """One of them; raises GroupGrantNotFound."""
    grant = session.get(GroupGrant, (shop_id, grant_id), populate_existing=True)
    if grant is None:
        raise GroupGrantNotFound(str(grant_id))
    return grant


def _same(known: GroupGrant, wanted: tuple[object, ...]) -> GroupGrant:
    """What the key decided; raises IdempotencyConflict if that is something else."""
    if (known.segment_id, known.selection, known.points, known.reason) != wanted:
        raise IdempotencyConflict(known.client_key)
    return known


def _check_words(reason: str, client_key: str) -> None:
    if reason not in dict(REASONS):
        raise BadGroupGrant("reason", said("Choose a reason"))
    is_plain = client_key.isascii() and client_key.isprintable()
    if not client_key or len(client_key) > _KEY_MAX or not is_plain:
        raise BadGroupGrant("client_key", said("Reload the page and try again"))


def _check_audience(audience: Audience, expected: int | None) -> None:
    if audience.members == 0:
        words = said("Nobody is in this segment: there is nobody to give to")
        raise BadGroupGrant("segment", words)
    if expected is not None and expected != audience.members:
        words = said(
            "The segment has %(count)s members by now. Look again, then confirm",
            count=audience.members,
        )
        raise BadGroupGrant("segment", words)


def _find_by_key(session: Session, shop_id: int, client_key: str) -> GroupGrant | None:
    return session.scalar(
        select(GroupGrant).where(GroupGrant.shop_id == shop_id, GroupGrant.client_key == client_key)
    )


def _take_up_kept(session: Session, grant: GroupGrant) -> None:
    session.execute(
        update(GroupGrantMember)
        .where(
            GroupGrantMember.shop_id == grant.shop_id,
            GroupGrantMember.grant_id == grant.id,
            GroupGrantMember.state == "kept",
        )
        .values(state="given", reason=None)
        .execution_options(synchronize_session=False)
    )
    grant.given, grant.kept = grant.given + grant.kept, 0


def _record(
    session: Session, grant: GroupGrant, actor: Actor, action: str, now: datetime, **details: object
) -> None:
    subject = ("group_grant", str(grant.id))
    audit.record(
        session,
        grant.shop_id,
        actor,
        action,
        subject,
        now=now,
        segment=grant.segment_name,
        points=grant.points,
        reason=grant.reason,
        **details,
    )
    session.flush()
    ring_after_commit(session, "group_grants", grant.shop_id)
