"""Lots: which points a debit takes, and when pending points become spendable.

The invariant: a lot never holds less than nothing, and each point taken names its lot.
"""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from loyalty.base.ids import new_id
from loyalty.ledger.tables import EARNING_KINDS, Deficit, LedgerEntry, Lot, LotDebit
from loyalty.members.tables import MemberBalance


def open_lot(
    session: Session, entry: LedgerEntry, *, available_at: datetime, last_valid_on: date | None
) -> Lot:
    """The lot of a credit, pending until it is released."""
    lot = Lot(
        shop_id=entry.shop_id,
        id=new_id(),
        member_id=entry.member_id,
        entry_id=entry.id,
        order_id=entry.order_id,
        points=entry.points,
        points_left=entry.points,
        opened_at=entry.occurred_at,
        available_at=available_at,
        released_at=None,
        last_valid_on=last_valid_on,
    )
    session.add(lot)
    session.flush()
    return lot


def release(session: Session, balance: MemberBalance, lot: Lot, *, now: datetime) -> None:
    """Make a pending lot spendable; it first fills what earlier debits lacked."""
    entry = session.get_one(LedgerEntry, (lot.shop_id, lot.entry_id))
    lot.released_at = now
    balance.pending -= lot.points_left
    balance.available += lot.points_left
    if entry.kind in EARNING_KINDS:
        balance.lifetime_earned += lot.points_left
    _fill_deficits(session, lot)


def list_due(session: Session, shop_id: int, now: datetime) -> list[Lot]:
    """The pending lots whose time has come."""
    statement = (
        select(Lot)
        .where(Lot.shop_id == shop_id, Lot.released_at.is_(None), Lot.available_at <= now)
        .order_by(Lot.available_at, Lot.id)
        .limit(500)
    )
    return list(session.scalars(statement))


def take_pending_of_order(session: Session, entry: LedgerEntry) -> int:
    """Take a reversal's points from the pending lots of its own order; how many it got."""
    if entry.kind != "earn_reversal" or entry.order_id is None:
        return 0
    statement = _open_lots(entry).where(Lot.order_id == entry.order_id, Lot.released_at.is_(None))
    return _take(session, entry, session.scalars(statement), -entry.points)


def take_available(session: Session, entry: LedgerEntry, points: int) -> int:
    """Take up to `points` from the spendable lots; how many it got.

    Soonest expiry first, then the oldest, never-expiring last: a member never loses
    points we could have spent. A reversal begins with the lots of its order.
    """
    spendable = list(session.scalars(_open_lots(entry).where(Lot.released_at.is_not(None))))
    if entry.kind == "earn_reversal" and entry.order_id is not None:
        spendable.sort(key=lambda lot: lot.order_id != entry.order_id)
    return _take(session, entry, spendable, points)


def open_deficit(session: Session, entry: LedgerEntry, points: int) -> None:
    """Remember what a debit took beyond the lots."""
    session.add(
        Deficit(
            shop_id=entry.shop_id,
            id=new_id(),
            member_id=entry.member_id,
            entry_id=entry.id,
            points=points,
            points_left=points,
        )
    )


def _open_lots(entry: LedgerEntry) -> Select[Lot]:
    return (
        select(Lot)
        .where(Lot.shop_id == entry.shop_id, Lot.member_id == entry.member_id, Lot.points_left > 0)
        .order_by(Lot.last_valid_on.asc().nulls_last(), Lot.opened_at, Lot.id)
    )


def _take(session: Session, entry: LedgerEntry, lots: Iterable[Lot], points: int) -> int:
    wanted = points
    for lot in lots:
        if wanted == 0:
            break
        share = min(wanted, lot.points_left)
        lot.points_left -= share
        wanted -= share
        _note_debit(session, entry, lot, share)
    return points - wanted


def _fill_deficits(session: Session, lot: Lot) -> None:
    statement = (
        select(Deficit)
        .where(
            Deficit.shop_id == lot.shop_id,
            Deficit.member_id == lot.member_id,
            Deficit.points_left > 0,
        )
        .order_by(Deficit.id)
    )
    for deficit in session.scalars(statement):
        share = min(deficit.points_left, lot.points_left)
        if share == 0:
            break
        deficit.points_left -= share
        lot.points_left -= share
        entry = session.get_one(LedgerEntry, (deficit.shop_id, deficit.entry_id))
        _note_debit(session, entry, lot, share)


def _note_debit(session: Session, entry: LedgerEntry, lot: Lot, points: int) -> None:
    session.add(
        LotDebit(shop_id=lot.shop_id, id=new_id(), entry_id=entry.id, lot_id=lot.id, points=points)
    )
