"""Points of an archived member are away, not lost: posted out, and back in when they return.

The invariant: archive and restore of one member sum to zero; lots keep their days meanwhile.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from loyalty.audit import Actor
from loyalty.ledger import dying
from loyalty.ledger.books import Books
from loyalty.ledger.journal import Cause
from loyalty.ledger.tables import LedgerEntry, LotDebit


def archive_points(books: Books, member_id: UUID, *, actor: Actor) -> LedgerEntry | None:
    """Post out all that the member's lots hold, on hold or not; None when they hold nothing.

    What is lacking stays lacking, and what is on hold counts as earned from now on: nothing
    holds it any more. The member is open in `books`; the caller writes them.
    """
    dying.expire_dead(books, member_id)
    held_back = books.shelf.pending(member_id)
    lots = [*held_back, *books.shelf.spendable(member_id)]
    on_hold = sum(lot.points_left for lot in held_back if lot.is_earned)
    points = sum(lot.points_left for lot in lots)
    if points == 0:
        return None
    number = 1 + _count_archived(books.session, books.shop_id, member_id)
    cause = _cause("archive", f"archive:{member_id}:{number}", member_id, actor, books.now)
    entry = books.post(member_id, cause, -points)
    books.take(entry, points, [lot.id for lot in lots])
    books.balance(member_id).lifetime_earned += on_hold
    return entry


def restore_points(books: Books, member_id: UUID, *, actor: Actor) -> LedgerEntry | None:
    """Post all that was archived back into its lots, then expire those whose last day is over.

    None when nothing was. The member is open in `books`; the caller writes them.
    """
    archived = _find_archived(books.session, books.shop_id, member_id)
    if archived is None:
        return None
    key = f"{archived.idempotency_key}:restore"
    cause = _cause("restore", key, member_id, actor, books.now, archived.id)
    entry = books.post(member_id, cause, -archived.points)
    for lot_id, points in _taken(books.session, archived):
        lot = books.shelf.lots_by_id([lot_id])[lot_id]
        books.shelf.give_back(entry, lot, points)
        if lot.released_at is None:
            books.count(entry, 0, pending=points)
            books.balance(member_id).lifetime_earned -= points if lot.is_earned else 0
        else:
            books.count(entry, points)
            books.shelf.fill_deficits(lot)
    for lot in books.shelf.pending(member_id):
        if lot.available_at <= books.now:
            books.release(lot, from_at=lot.available_at)
    dying.expire_dead(books, member_id)
    return entry


def _count_archived(session: Session, shop_id: int, member_id: UUID) -> int:
    statement = select(func.count()).where(
        LedgerEntry.shop_id == shop_id,
        LedgerEntry.member_id == member_id,
        LedgerEntry.kind == "archive",
    )
    return session.scalar(statement) or 0


def _find_archived(session: Session, shop_id: int, member_id: UUID) -> LedgerEntry | None:
    """The archive that nobody has restored yet."""
    back = aliased(LedgerEntry)
    return session.scalar(
        select(LedgerEntry)
        .outerjoin(back, (back.shop_id == shop_id) & (back.reverses_id == LedgerEntry.id))
        .where(
            LedgerEntry.shop_id == shop_id,
            LedgerEntry.member_id == member_id,
            LedgerEntry.kind == "archive",
            back.id.is_(None),
        )
    )


def _taken(session: Session, archived: LedgerEntry) -> list[tuple[UUID, int]]:
    rows = session.execute(
        select(LotDebit.lot_id, LotDebit.points)
        .where(LotDebit.shop_id == archived.shop_id, LotDebit.entry_id == archived.id)
        .order_by(LotDebit.id)
    )
    return [(row.lot_id, row.points) for row in rows]


def _cause(
    kind: str,
    key: str,
    member_id: UUID,
    actor: Actor,
    now: datetime,
    reverses_id: UUID | None = None,
) -> Cause:
    return Cause(
        kind=kind,
        idempotency_key=key,
        source_kind="member",
        source_id=str(member_id),
        actor=str(actor),
        occurred_at=now,
        reverses_id=reverses_id,
    )
