"""Credits and debits of one member at a time, written at once: the books in their plainest form.

The invariant: available + pending = Σ entries = Σ lots left − Σ deficits left.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.errors import MemberHasMoved, MemberNotFound
from loyalty.ledger.books import Books
from loyalty.ledger.journal import Cause
from loyalty.ledger.tables import LedgerEntry, Lot
from loyalty.members.tables import MemberBalance
from loyalty.shops.directory import get_shop
from loyalty.tiers.standing import BY_POINTS, after_changes

__all__ = ["Cause", "credit", "debit", "lock_balance", "release_due"]

_RELEASE_MAX = 500


def lock_balance(
    session: Session, shop_id: int, member_id: UUID, *, admits_merged: bool = False
) -> MemberBalance:
    """The member's four figures, locked until the transaction ends; raises MemberNotFound.

    Raises MemberHasMoved for one who was merged into another, unless `admits_merged`.
    """
    statement = (
        select(MemberBalance)
        .where(MemberBalance.shop_id == shop_id, MemberBalance.member_id == member_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    balance = session.scalar(statement)
    if balance is None:
        raise MemberNotFound(str(member_id))
    if balance.merged_into is not None and not admits_merged:
        raise MemberHasMoved(str(balance.merged_into))
    return balance


def credit(
    session: Session,
    balance: MemberBalance,
    cause: Cause,
    *,
    points: int,
    now: datetime,
    available_at: datetime | None = None,
    last_valid_on: date | None = None,
) -> LedgerEntry:
    """Credit whole `points` (> 0) and open a lot for them, pending until `available_at`.

    `balance` is locked. The same key again returns the first entry; with other
    facts it raises IdempotencyConflict. Flushes; the caller commits.
    """
    books = Books.of(session, balance, now=now)
    entry = books.credit(
        balance.member_id,
        cause,
        points=points,
        available_at=available_at,
        last_valid_on=last_valid_on,
    )
    books.write()
    return entry


def debit(
    session: Session,
    balance: MemberBalance,
    cause: Cause,
    *,
    points: int,
    now: datetime,
    may_go_negative: bool = False,
) -> LedgerEntry:
    """Take `points` (> 0), soonest-expiring lot first. `balance` is locked.

    Raises InsufficientPoints with nothing written unless it may go negative: then
    what the lots lack becomes a deficit that later points fill. Flushes.
    """
    books = Books.of(session, balance, now=now)
    entry = books.debit(balance.member_id, cause, points=points, may_go_negative=may_go_negative)
    books.write()
    return entry


def release_due(session: Session, shop_id: int, *, now: datetime) -> int:
    """Make every pending lot whose time has come spendable, at most 500; how many there were."""
    due = session.execute(
        select(Lot.id, Lot.member_id)
        .where(Lot.shop_id == shop_id, Lot.released_at.is_(None), Lot.available_at <= now)
        .order_by(Lot.available_at, Lot.id)
        .limit(_RELEASE_MAX)
    ).all()
    members = {row.member_id for row in due}
    books = Books.open(session, shop_id, members, now=now, admits_merged=True)
    lots = books.shelf.lots_by_id(row.id for row in due)
    for row in due:
        # Another worker may have released it, or moved it, while we waited for the lock.
        lot = lots[row.id]
        if lot.released_at is None and lot.member_id == row.member_id:
            books.release(lot, from_at=lot.available_at)
    books.write()
    # Held points count for tiers from their release.
    shop = get_shop(session, shop_id)
    after_changes(session, shop, sorted(members), now=now, touched=BY_POINTS)
    return len(due)
