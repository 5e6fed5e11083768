"""Points that a debit took go back into the lots they came from, in reverse order of taking.

The invariant: a debit never gives back more than it took, whoever owns its lots by now.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among, among_many
from loyalty.base.errors import EntryNotFound, IdempotencyConflict, TooMuchGivenBack
from loyalty.ledger import dying
from loyalty.ledger.books import Books
from loyalty.ledger.journal import Cause
from loyalty.ledger.tables import Deficit, LedgerEntry, Lot, LotDebit
from loyalty.members.identity import survivor_of

LATE_DAYS = 30
"""How long a lot lasts that stands for one which expired meanwhile."""


@dataclass(frozen=True, slots=True)
class _Part:
    """So many points to one owner: to a deficit of theirs, or to a lot."""

    owner_id: UUID
    points: int
    lot_id: UUID | None


def return_points(
    session: Session, shop_id: int, debit_id: UUID, cause: Cause, *, points: int, now: datetime
) -> list[LedgerEntry]:
    """Give `points` (> 0) of a debit back; one entry for each present owner of its lots.

    `cause.kind` is redeem_reversal for a redemption, the debit's own for an undo. What has
    expired since comes back as a new lot of 30 days. The same key again returns the first
    entries. Raises EntryNotFound, TooMuchGivenBack, IdempotencyConflict. Locks; flushes.
    """
    assert points > 0
    books = _open(session, shop_id, debit_id, now)
    entries = give_back(books, debit_id, cause, points=points)
    books.write()
    return entries


def give_back(books: Books, debit_id: UUID, cause: Cause, *, points: int) -> list[LedgerEntry]:
    """As `return_points`, into books that are open for all of `list_owners`; writes no figures.

    What was posted to the books before is written, for it is read back here.
    """
    session, shop_id = books.session, books.shop_id
    books.write_rows()
    debit = _get(session, shop_id, debit_id)
    if known := _posted(session, debit, cause):
        if sum(entry.points for entry in known) != points:
            raise IdempotencyConflict(cause.idempotency_key)
        return known
    parts = _split(session, debit, points)
    entries = []
    for owner_id in sorted({part.owner_id for part in parts}):
        dying.expire_dead(books, owner_id)
        theirs = [part for part in parts if part.owner_id == owner_id]
        entries.append(_give(books, debit, cause, owner_id, theirs))
    return entries


def list_owners(session: Session, shop_id: int, debit_ids: Collection[UUID]) -> set[UUID]:
    """Who must be locked to give points of these debits back: who made them, who owns the lots."""
    if not debit_ids:
        return set()
    debtors = select(LedgerEntry.member_id).where(
        LedgerEntry.shop_id == shop_id, among(LedgerEntry.id, debit_ids)
    )
    lots = (
        select(Lot.member_id)
        .join(LotDebit, (LotDebit.shop_id == Lot.shop_id) & (LotDebit.lot_id == Lot.id))
        .where(LotDebit.shop_id == shop_id, among(LotDebit.entry_id, debit_ids))
    )
    deficits = select(Deficit.member_id).where(
        Deficit.shop_id == shop_id,
        among_many(Deficit.entry_id, debit_ids),
        Deficit.points_left > 0,
    )
    return {
        *(survivor_of(session, shop_id, member_id) for member_id in set(session.scalars(debtors))),
        *session.scalars(lots),
        *session.scalars(deficits),
    }


def lock_owners(session: Session, shop_id: int, debit_id: UUID, *, now: datetime) -> None:
    """Lock everybody who owns a part of the debit, for who must look before giving it back."""
    _open(session, shop_id, debit_id, now)


def left_to_give_back(session: Session, shop_id: int, debit_id: UUID) -> int:
    """How many points of a debit have not been given back."""
    debit = _get(session, shop_id, debit_id)
    given = session.scalar(
        select(func.coalesce(func.sum(LedgerEntry.points), 0)).where(
            LedgerEntry.shop_id == shop_id, LedgerEntry.reverses_id == debit_id
        )
    )
    return -debit.points - int(given or 0)


def _open(session: Session, shop_id: int, debit_id: UUID, now: datetime) -> Books:
    """The books of everybody who owns a part of it, as committed once they are locked."""
    while True:
        _get(session, shop_id, debit_id)
        owners = list_owners(session, shop_id, [debit_id])
        savepoint = session.begin_nested()
        books = Books.open(session, shop_id, owners, now=now, admits_merged=True)
        if list_owners(session, shop_id, [debit_id]) == owners:
            savepoint.commit()
            return books
        savepoint.rollback()  # A merge was faster: let its locks go and look again.


def _get(session: Session, shop_id: int, debit_id: UUID) -> LedgerEntry:
    entry = session.get(LedgerEntry, (shop_id, debit_id))
    if entry is None:
        raise EntryNotFound(str(debit_id))
    assert entry.points < 0
    return entry


def _posted(session: Session, debit: LedgerEntry, cause: Cause) -> list[LedgerEntry]:
    """What this key gave back before: its own entry, and those of further owners."""
    given = session.scalars(
        select(LedgerEntry)
        .where(LedgerEntry.shop_id == debit.shop_id, LedgerEntry.reverses_id == debit.id)
        .order_by(LedgerEntry.id)
    )
    key = cause.idempotency_key
    return [
        entry
        for entry in given
        if entry.idempotency_key == key or entry.idempotency_key.startswith(f"{key}:owner:")
    ]


def _split(session: Session, debit: LedgerEntry, points: int) -> list[_Part]:
    """What was taken last goes back first; what is still lacking was never taken from a lot."""
    left = left_to_give_back(session, debit.shop_id, debit.id)
    if points > left:
        raise TooMuchGivenBack(left)
    parts = []
    for part in [*_lacking(session, debit), *_taken(session, debit)]:
        share = min(points, part.points)
        if share:
            parts.append(replace(part, points=share))
            points -= share
    assert points == 0, "a debit took all its points from lots, or lacks them"
    return parts


def _lacking(session: Session, debit: LedgerEntry) -> list[_Part]:
    rows = session.execute(
        select(Deficit.member_id, Deficit.points_left)
        .where(
            Deficit.shop_id == debit.shop_id,
            Deficit.entry_id == debit.id,
            Deficit.points_left > 0,
        )
        .order_by(Deficit.id.desc())
    )
    return [_Part(row.member_id, row.points_left, None) for row in rows]


def _taken(session: Session, debit: LedgerEntry) -> list[_Part]:
    """Per lot what the debit took, less what was given back of it, the last one first."""
    back = select(LedgerEntry.id).where(
        LedgerEntry.shop_id == debit.shop_id, LedgerEntry.reverses_id == debit.id
    )
    rows = session.execute(
        select(Lot.id, Lot.member_id, LotDebit.entry_id, LotDebit.points)
        .join(LotDebit, (LotDebit.shop_id == Lot.shop_id) & (LotDebit.lot_id == Lot.id))
        .where(
            LotDebit.shop_id == debit.shop_id,
            (LotDebit.entry_id == debit.id) | LotDebit.entry_id.in_(back),
        )
        .order_by(LotDebit.id.desc())
    )
    parts: dict[UUID, _Part] = {}
    for row in rows:
        held = parts.get(row.id, _Part(row.member_id, 0, row.id))
        parts[row.id] = replace(held, points=held.points + row.points)
    instead = session.execute(
        select(Lot.replaces_id, func.sum(Lot.points))
        .where(Lot.shop_id == debit.shop_id, Lot.entry_id.in_(back), Lot.replaces_id.is_not(None))
        .group_by(Lot.replaces_id)
    )
    for lot_id, points in instead:
        assert lot_id is not None
        parts[lot_id] = replace(parts[lot_id], points=parts[lot_id].points - int(points))
    return list(parts.values())


def _give(
    books: Books, debit: LedgerEntry, cause: Cause, owner_id: UUID, parts: list[_Part]
) -> LedgerEntry:
    """One owner's entry, their deficits eased and their lots filled again."""
    redeemer_id = survivor_of(books.session, books.shop_id, debit.member_id)
    key = cause.idempotency_key
    entry = books.post(
        owner_id,
        replace(
            cause,
            idempotency_key=key if owner_id == redeemer_id else f"{key}:owner:{owner_id}",
            reverses_id=debit.id,
        ),
        sum(part.points for part in parts),
    )
    for part in parts:
        if part.lot_id is None:
            _ease(books, debit, entry, part.points)
        else:
            _put_back(books, entry, part.lot_id, part.points)
    if owner_id != redeemer_id and entry.kind == "redeem_reversal":
        _move_burned(books, entry, redeemer_id)
    return entry


def _ease(books: Books, debit: LedgerEntry, entry: LedgerEntry, points: int) -> None:
    deficits = [d for d in books.shelf.deficits(entry.member_id) if d.entry_id == debit.id]
    books.count(entry, points)
    for deficit in reversed(deficits):
        share = min(points, deficit.points_left)
        books.shelf.settle(deficit, share)
        points -= share
    assert points == 0


def _put_back(books: Books, entry: LedgerEntry, lot_id: UUID, points: int) -> None:
    """Into the lot it came from; once that has expired, into a new one of 30 days."""
    lot = books.shelf.lots_by_id([lot_id])[lot_id]
    last_day = dying.last_day_of(books, lot)
    if last_day is None or last_day >= books.today():
        books.shelf.give_back(entry, lot, points)
        books.count(entry, points)
        books.shelf.fill_deficits(lot)
        return
    late = books.today() + timedelta(days=LATE_DAYS)
    instead = books.open_lot(entry, last_valid_on=late, points=points, replaces=lot)
    books.release(instead, from_at=books.now)
    books.count_lifetime(entry, points)


def _move_burned(books: Books, entry: LedgerEntry, redeemer_id: UUID) -> None:
    """Lifetime burned is who redeemed's, wherever the points went."""
    books.move_figures(redeemer_id, burned=-entry.points, source=("entry", str(entry.id)))
    books.move_figures(entry.member_id, burned=entry.points, source=("entry", str(entry.id)))
