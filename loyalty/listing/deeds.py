"""Deeds for many members of the list: decided once, carried out in turns by a job.

The invariant: how far a deed is and what was done are one commit, so a member has one turn.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.db import ring_after_commit
from loyalty.base.errors import BadDeed, DeedNotFound, IdempotencyConflict
from loyalty.base.ids import new_id
from loyalty.base.said import said
from loyalty.listing.selection import Selection, count_selected, next_selected
from loyalty.listing.tables import MemberDeed
from loyalty.segments.views import get_segment

_KEY_MAX = 100


def decide(
    session: Session,
    shop_id: int,
    kind: str,
    selection: Selection,
    *,
    words: str,
    segment_id: UUID | None = None,
    client_key: str,
    actor: Actor,
    now: datetime,
) -> MemberDeed:
    """Have `kind` done for all selected; the same `client_key` decides once.

    Raises BadDeed when it reaches nobody, IdempotencyConflict for a key of another deed,
    SegmentNotFound. Rings the job; flushes; the caller commits.
    """
    _check_key(client_key)
    known = _find_by_key(session, shop_id, client_key)
    stored = selection.as_stored()
    if known is not None:
        if (known.kind, known.selection, known.segment_id) != (kind, stored, segment_id):
            raise IdempotencyConflict(client_key)
        return known
    if segment_id is not None:
        get_segment(session, shop_id, segment_id)
    members = count_selected(session, shop_id, selection)
    if members == 0:
        raise BadDeed("form", said("Nobody is selected any more: there is nobody to do it for"))
    deed = MemberDeed(
        shop_id=shop_id,
        id=new_id(),
        client_key=client_key,
        kind=kind,
        selection=stored,
        words=words,
        segment_id=segment_id,
        actor=str(actor),
        state="running",
        members=members,
        created_at=now,
    )
    session.add(deed)
    subject = ("member_deed", str(deed.id))
    audit.record(
        session,
        shop_id,
        actor,
        f"member_deed_{kind}",
        subject,
        now=now,
        words=words,
        members=members,
    )
    session.flush()
    ring_after_commit(session, "group_grants", shop_id)
    return deed


def get_deed(session: Session, shop_id: int, deed_id: UUID) -> MemberDeed:
    """One of them as it is by now; raises DeedNotFound."""
    deed = session.get(MemberDeed, (shop_id, deed_id), populate_existing=True)
    if deed is None:
        raise DeedNotFound(str(deed_id))
    return deed


def lock_next(session: Session, shop_id: int) -> MemberDeed | None:
    """The oldest that is not done and that nobody works on, locked."""
    return session.scalar(
        select(MemberDeed)
        .where(MemberDeed.shop_id == shop_id, MemberDeed.state == "running")
        .order_by(MemberDeed.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )


def take_turn(session: Session, deed: MemberDeed, *, limit: int) -> Sequence[UUID]:
    """Who is next, by id; the deed is locked. Empty: all had their turn."""
    selection = Selection.read(deed.selection)
    following = next_selected(session, deed.shop_id, selection, after=deed.done_after, limit=limit)
    return session.scalars(following).all()


def end_turn(
    session: Session, deed: MemberDeed, turn: Sequence[UUID], done: int, *, now: datetime
) -> None:
    """Write down how far the deed is; an empty turn is its end. Flushes."""
    if turn:
        deed.done_after = turn[-1]
        deed.done, deed.skipped = deed.done + done, deed.skipped + len(turn) - done
    else:
        deed.state, deed.done_at = "done", now
    session.flush()


def _check_key(client_key: str) -> None:
    is_plain = client_key.isascii() and client_key.isprintable()
    if not client_key or len(client_key) > _KEY_MAX or not is_plain:
        raise BadDeed("form", said("Reload the page and try again"))


def _find_by_key(session: Session, shop_id: int, client_key: str) -> MemberDeed | None:
    return session.scalar(
        select(MemberDeed).where(MemberDeed.shop_id == shop_id, MemberDeed.client_key == client_key)
    )
