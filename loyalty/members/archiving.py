"""Members put away and brought back: nothing of theirs is lost, nothing can be done meanwhile.

The invariant: archive and restore sum to zero.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty import audit, timeline
from loyalty.audit import Actor
from loyalty.base.errors import BadState
from loyalty.ledger.archiving import archive_points, restore_points
from loyalty.ledger.books import Books
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop


def archive(
    session: Session, shop: Shop, member_id: UUID, *, actor: Actor, reason: str, now: datetime
) -> LedgerEntry | None:
    """Put the active member away with their points; None when they had none.

    `reason` is a code. Raises MemberNotFound, MemberHasMoved, BadState. Flushes; the caller
    commits.
    """
    books = Books.open(session, shop.shop_id, [member_id], now=now)
    member = _lock(session, shop.shop_id, member_id, "active")
    entry = archive_points(books, member_id, actor=actor)
    member.state, member.archived_at = "archived", now
    books.touch(member_id)
    books.write()
    _tell(session, member, timeline.MEMBER_ARCHIVED, "member_archived", actor, now, reason=reason)
    return entry


def restore(
    session: Session, shop: Shop, member_id: UUID, *, actor: Actor, now: datetime
) -> LedgerEntry | None:
    """Bring the archived member back with all that was put away; None when that was nothing.

    What has died meanwhile comes back and expires at once. Raises as `archive` does. Flushes;
    the caller commits.
    """
    books = Books.open(session, shop.shop_id, [member_id], now=now)
    member = _lock(session, shop.shop_id, member_id, "archived")
    member.state, member.archived_at = "active", None
    session.flush()
    entry = restore_points(books, member_id, actor=actor)
    books.touch(member_id)
    books.write()
    _tell(session, member, timeline.MEMBER_RESTORED, "member_restored", actor, now)
    return entry


def count_put_away(session: Session, shop_id: int, member_id: UUID) -> int:
    """The points that an archived member gets back when they are restored."""
    posted = session.scalar(
        select(func.coalesce(func.sum(LedgerEntry.points), 0)).where(
            LedgerEntry.shop_id == shop_id,
            LedgerEntry.member_id == member_id,
            LedgerEntry.kind.in_(("archive", "restore")),
        )
    )
    return -int(posted or 0)


def _lock(session: Session, shop_id: int, member_id: UUID, state: str) -> Member:
    member = session.get_one(
        Member, (shop_id, member_id), with_for_update={"key_share": True}, populate_existing=True
    )
    if member.state != state:
        raise BadState(f"The member is {member.state}")
    return member


def _tell(
    session: Session,
    member: Member,
    event: str,
    action: str,
    actor: Actor,
    now: datetime,
    **details: str,
) -> None:
    timeline.note_event(session, member.shop_id, member.id, event, now, **details)
    subject = ("member", str(member.id))
    audit.record(session, member.shop_id, actor, action, subject, now=now, **details)
    session.flush()
