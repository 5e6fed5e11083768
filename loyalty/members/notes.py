"""Notes that staff write about a member: events of the timeline, which erasing the person empties.

The invariant: one note per key, whoever resends it; the words stand nowhere else.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import audit, timeline
from loyalty.audit import Actor
from loyalty.base.errors import BadMessage, IdempotencyConflict
from loyalty.base.said import said
from loyalty.ledger.posting import lock_balance
from loyalty.members.states import get_active_member
from loyalty.members.tables import TimelineEvent
from loyalty.queries import paging
from loyalty.queries.paging import Batch

NOTE_MAX = 2000


def add_note(
    session: Session,
    shop_id: int,
    member_id: UUID,
    text: str,
    *,
    key: UUID,
    actor: Actor,
    now: datetime,
) -> TimelineEvent:
    """Write the note down; the same `key` again gives the first back, or IdempotencyConflict.

    Raises BadMessage with the field for no or too long a text, MemberNotFound, MemberNotActive,
    MemberHasMoved. Flushes; the caller commits.
    """
    body = text.replace("\r\n", "\n").strip()
    if not body:
        raise BadMessage("text", said("Write a note"))
    if len(body) > NOTE_MAX or "\0" in body:
        raise BadMessage("text", said("Use at most %(most)s characters", most=NOTE_MAX))
    lock_balance(session, shop_id, member_id)
    get_active_member(session, shop_id, member_id)
    if known := session.get(TimelineEvent, (shop_id, key)):
        if (known.member_id, known.details.get("note")) != (member_id, body):
            raise IdempotencyConflict(str(key))
        return known
    note = TimelineEvent(
        shop_id=shop_id,
        id=key,
        member_id=member_id,
        kind=timeline.NOTE,
        occurred_at=now,
        details={"note": body, "actor": str(actor)},
    )
    session.add(note)
    audit.record(session, shop_id, actor, "note_added", ("member", str(member_id)), now=now)
    session.flush()
    return note


def list_notes(
    session: Session, shop_id: int, member_id: UUID, *, limit: int, after: str | None = None
) -> Batch[TimelineEvent]:
    """The member's notes, newest first; a foreign cursor begins at the newest."""
    event = TimelineEvent
    statement = select(event).where(
        event.shop_id == shop_id, event.member_id == member_id, event.kind == timeline.NOTE
    )
    return paging.newest_first(
        session, statement, event.occurred_at, event.id, limit=limit, after=after
    )
