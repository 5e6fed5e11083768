"""An entry undone: the same kind, the opposite sign, `reverses`; what was spent is not taken twice.

The invariant: an entry is undone once, and Σ of an entry and its undo is 0.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.bulk import among
from loyalty.base.errors import CannotUndo, EntryNotFound, PointsSpent
from loyalty.base.said import said
from loyalty.ledger import dying
from loyalty.ledger.books import Books
from loyalty.ledger.giving_back import left_to_give_back, return_points
from loyalty.ledger.journal import Cause
from loyalty.ledger.reversal import undo_expiry_of
from loyalty.ledger.shelf import OpenLot
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.identity import survivor_of

_INSTEAD = {
    "earn_order": said("Points of an order follow the order: cancel or refund it"),
    "redeem": said("A redemption is returned, not undone"),
    "redeem_reversal": said("A redemption that came back is redeemed again"),
    "earn_reversal": said("Points of an order follow the order"),
    "merge_out": said("Undo the merge"),
    "merge_in": said("Undo the merge"),
    "archive": said("Restore the member"),
    "restore": said("Archive the member"),
}
_UNDO_KINDS = {"earn_action": "earn_reversal", "referral": "earn_reversal"}
"""Earnings have a reversal kind of their own; any other undo has the kind of what it undoes."""


def undo(
    session: Session,
    shop_id: int,
    entry_id: UUID,
    *,
    actor: Actor,
    now: datetime,
    is_forced: bool = False,
) -> LedgerEntry:
    """Post the opposite of an entry, once: the same again returns the first undo.

    A credit is taken from its own lots, what expired of it first revived; a debit goes back
    into the lots it took from. Raises PointsSpent for a credit that was spent unless
    `is_forced` (then available may go negative), CannotUndo for what belongs to something
    else, EntryNotFound. Locks; flushes; the caller commits.
    """
    entry = session.get(LedgerEntry, (shop_id, entry_id))
    if entry is None:
        raise EntryNotFound(str(entry_id))
    if entry.kind in _INSTEAD:
        raise CannotUndo(_INSTEAD[entry.kind])
    if entry.reverses_id is not None:
        raise CannotUndo(said("This is an undo itself"))
    cause = _cause(entry, actor, now)
    if known := _find_posted(session, shop_id, cause.idempotency_key):
        return known
    undone = (
        _take_back(session, entry, cause, now, is_forced)
        if entry.points > 0
        else _give_back(session, entry, cause, now)
    )
    if undone.posted_at == now:
        _audit(session, entry, undone, actor, is_forced)
        session.flush()
    return undone


def undo_whole(
    session: Session, shop_id: int, credits: Mapping[UUID, UUID], *, actor: Actor, now: datetime
) -> set[UUID]:
    """Undo those of these credits (entry → who has its points by now) that have lost no point.

    A few statements for hundreds; the entries that are undone, now or before. What lost some of
    its points is left as it is: `undo` knows what to do. Locks; raises MemberHasMoved. Flushes;
    the caller commits.
    """
    books = Books.open(session, shop_id, credits.values(), now=now)
    entries = session.scalars(
        select(LedgerEntry)
        .where(LedgerEntry.shop_id == shop_id, among(LedgerEntry.id, credits))
        .order_by(LedgerEntry.id)
    ).all()
    causes = {entry.id: _cause(entry, actor, now) for entry in entries}
    posted = _list_posted(session, shop_id, [cause.idempotency_key for cause in causes.values()])
    own = _own_lots(books, credits)
    undone = {one for one, cause in causes.items() if cause.idempotency_key in posted}
    for entry in entries:
        lots = own[entry.id]
        is_whole = sum(lot.points_left for lot in lots) == entry.points
        if entry.id in undone or not is_whole or not _is_plain(books, entry, credits[entry.id]):
            continue
        opposite = books.post(credits[entry.id], causes[entry.id], -entry.points)
        books.take(opposite, entry.points, [lot.id for lot in lots])
        _audit(session, entry, opposite, actor, is_forced=False)
        undone.add(entry.id)
    books.write()
    return undone


def _is_plain(books: Books, entry: LedgerEntry, owner_id: UUID) -> bool:
    is_credit = entry.points > 0 and entry.reverses_id is None and entry.kind not in _INSTEAD
    return is_credit and not dying.has_dead(books, owner_id)


def _own_lots(books: Books, credits: Mapping[UUID, UUID]) -> dict[UUID, list[OpenLot]]:
    """Of each entry, the lots that whoever has its points holds."""
    found: dict[UUID, list[OpenLot]] = {entry_id: [] for entry_id in credits}
    for lot in books.shelf.lots_of_entries(list(credits)):
        if lot.member_id == credits.get(lot.entry_id):
            found[lot.entry_id].append(lot)
    return found


def _list_posted(session: Session, shop_id: int, keys: Collection[str]) -> set[str]:
    statement = select(LedgerEntry.idempotency_key).where(
        LedgerEntry.shop_id == shop_id, among(LedgerEntry.idempotency_key, keys)
    )
    return set(session.scalars(statement))


def _find_posted(session: Session, shop_id: int, key: str) -> LedgerEntry | None:
    return session.scalar(
        select(LedgerEntry).where(
            LedgerEntry.shop_id == shop_id, LedgerEntry.idempotency_key == key
        )
    )


def _cause(entry: LedgerEntry, actor: Actor, now: datetime) -> Cause:
    return Cause(
        kind=_UNDO_KINDS.get(entry.kind, entry.kind),
        idempotency_key=f"undo:{entry.id}",
        source_kind="entry",
        source_id=str(entry.id),
        actor=str(actor),
        occurred_at=now,
        reason_code="undone",
        order_id=entry.order_id,
        reverses_id=entry.id,
    )


def _take_back(
    session: Session, entry: LedgerEntry, cause: Cause, now: datetime, is_forced: bool
) -> LedgerEntry:
    owner_id = survivor_of(session, entry.shop_id, entry.member_id)
    books = Books.open(session, entry.shop_id, [owner_id], now=now)
    known = books.journal.find(owner_id, cause)
    if known is not None:
        return known
    dying.expire_dead(books, owner_id)
    own = [lot for lot in books.shelf.lots_of_entries([entry.id]) if lot.member_id == owner_id]
    points = entry.points
    revived = _revive(books, cause, own, points, is_forced)
    undone = books.post(owner_id, cause, -points)
    books.take(undone, points, [lot.id for lot in [*own, *revived]])
    books.write()
    return undone


def _revive(
    books: Books, cause: Cause, own: list[OpenLot], points: int, is_forced: bool
) -> list[OpenLot]:
    """Undo the expiry of what this credit lost to it; what is missing then was spent."""
    short = points - sum(lot.points_left for lot in own)
    if short <= 0:
        return []
    savepoint = books.session.begin_nested()
    revived = undo_expiry_of(books, cause, own, short)
    spent = points - sum(lot.points_left for lot in own)
    if spent > 0 and not is_forced:
        savepoint.rollback()
        raise PointsSpent(spent)
    savepoint.commit()
    return revived


def _give_back(session: Session, entry: LedgerEntry, cause: Cause, now: datetime) -> LedgerEntry:
    left = left_to_give_back(session, entry.shop_id, entry.id)
    points = left or -entry.points
    return return_points(session, entry.shop_id, entry.id, cause, points=points, now=now)[0]


def _audit(
    session: Session, entry: LedgerEntry, undone: LedgerEntry, actor: Actor, is_forced: bool
) -> None:
    audit.record(
        session,
        entry.shop_id,
        actor,
        "entry_undone",
        ("member", str(undone.member_id)),
        now=undone.posted_at,
        entry=str(entry.id),
        points=undone.points,
        is_forced=is_forced,
    )
