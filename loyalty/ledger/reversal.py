"""Taking earned points back: the order's lots first, expired ones revived first, then as a debit.

The invariant: no lot is taken twice, and nothing is reversed beyond what was earned.
"""

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Text, cast, func, select

from loyalty.ledger import dying
from loyalty.ledger.journal import Cause
from loyalty.ledger.shelf import OpenLot
from loyalty.ledger.tables import EARNING_KINDS, LedgerEntry, LotDebit
from loyalty.members.tables import Member

if TYPE_CHECKING:
    from loyalty.ledger.books import Books


def reverse_order(
    books: "Books", member_id: UUID, cause: Cause, *, points: int, order_id: int
) -> int:
    """Take `points` (> 0) that an order had earned back; how many were forgiven.

    What the member spent makes available negative, or is forgiven where the programme
    clamps. The same key again takes nothing and answers the same.
    """
    assert points > 0
    known = books.journal.find(member_id, cause)
    if known is not None:
        return points + known.points
    dying.expire_dead(books, member_id)
    own = books.lots_of_order(member_id, order_id)
    if (short := points - _held(own)) > 0:
        own += _undo_expiry(books, member_id, cause, order_id, short)
    return take_back(books, member_id, cause, points, own)


def take_back(
    books: "Books", member_id: UUID, cause: Cause, points: int, own: list[OpenLot]
) -> int:
    """Post the reversal, `own` lots first; how many points were forgiven."""
    others = [lot for lot in books.shelf.spendable(member_id) if lot not in own]
    lacking = max(0, points - _held(own) - _held(others))
    forgiven = lacking if lacking and _forgives(books, member_id) else 0
    if points > forgiven:
        entry = books.post(member_id, cause, forgiven - points)
        books.take(entry, points - forgiven, [lot.id for lot in own])
    return forgiven


def undo_expiry_of(books: "Books", cause: Cause, lots: list[OpenLot], points: int) -> list[OpenLot]:
    """Give up to `points` that expired from `lots` back to them; the lots that got any.

    The caller takes them again at once: their last day is over.
    """
    books.write_rows()  # What has just expired is looked for as well.
    revived = []
    expired = _expired_by_lot(books, [lot.id for lot in lots])
    for lot in lots:
        entry_id, gone = expired.get(lot.id, (None, 0))
        share = min(points, gone)
        if share <= 0 or entry_id is None:
            continue
        points -= share
        entry = books.post(lot.member_id, _undo_cause(cause, lot, entry_id), share)
        books.shelf.give_back(entry, lot, share)
        books.count(entry, share)
        revived.append(lot)
    return revived


def _undo_expiry(
    books: "Books", member_id: UUID, cause: Cause, order_id: int, points: int
) -> list[OpenLot]:
    books.write_rows()
    entries = books.session.scalars(
        select(LedgerEntry.id).where(
            LedgerEntry.shop_id == books.shop_id,
            LedgerEntry.order_id == order_id,
            LedgerEntry.kind.in_(EARNING_KINDS),
        )
    ).all()
    lots = [lot for lot in books.shelf.lots_of_entries(entries) if lot.member_id == member_id]
    return undo_expiry_of(books, cause, lots, points)


def _undo_cause(cause: Cause, lot: OpenLot, expired_id: UUID) -> Cause:
    return Cause(
        kind="expire",
        idempotency_key=f"{cause.idempotency_key}:lot:{lot.id}",
        source_kind="lot",
        source_id=str(lot.id),
        actor=cause.actor,
        occurred_at=cause.occurred_at,
        order_name=cause.order_name,
        reverses_id=expired_id,
    )


def _expired_by_lot(books: "Books", lot_ids: list[UUID]) -> dict[UUID, tuple[UUID, int]]:
    """Per lot: its expiry's entry, and how many points of it stand."""
    if not lot_ids:
        return {}
    first = func.min(cast(LedgerEntry.id, Text)).filter(LotDebit.points > 0)
    statement = (
        select(LotDebit.lot_id, first, func.sum(LotDebit.points))
        .join(
            LedgerEntry,
            (LedgerEntry.shop_id == LotDebit.shop_id) & (LedgerEntry.id == LotDebit.entry_id),
        )
        .where(
            LotDebit.shop_id == books.shop_id,
            LotDebit.lot_id.in_(lot_ids),
            LedgerEntry.kind == "expire",
        )
        .group_by(LotDebit.lot_id)
    )
    rows = books.session.execute(statement)
    return {lot_id: (UUID(entry_id), int(points)) for lot_id, entry_id, points in rows}


def _held(lots: list[OpenLot]) -> int:
    return sum(lot.points_left for lot in lots)


def _forgives(books: "Books", member_id: UUID) -> bool:
    """Whether the programme clamps at zero; an archived member's points are only away."""
    if books.rule()[0].negative_balance != "clamp":
        return False
    state = books.session.scalar(
        select(Member.state).where(Member.shop_id == books.shop_id, Member.id == member_id)
    )
    return state != "archived"
