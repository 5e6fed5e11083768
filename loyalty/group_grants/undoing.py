"""Points that were given to many are taken back, each by the opposite of its own entry.

The invariant: nobody's points are taken back twice, and who has spent some keeps all unless it is
forced. Locks: the decision, then the balances of those who have the points by now, in id order.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base import bulk
from loyalty.base.errors import CannotUndo, MemberHasMoved, PointsSpent
from loyalty.group_grants.tables import GroupGrant, GroupGrantMember
from loyalty.ledger.books import Books
from loyalty.ledger.tables import LedgerEntry, Lot, LotDebit
from loyalty.ledger.undoing import undo
from loyalty.members.identity import survivor_of

UNDONE_AT_ONCE = 100


def undo_batch(session: Session, grant: GroupGrant, *, now: datetime) -> None:
    """Take the next members' points back; who still waits for theirs gets none.

    `grant` is locked. What of the points had expired is counted: it was gone before. Flushes.
    """
    _forget_waiting(session, grant)
    rows = _list_given(session, grant)
    if not rows:
        grant.state, grant.undone_at = "undone", now
        session.flush()
        return
    holders = {survivor_of(session, grant.shop_id, row.member_id) for row in rows}
    try:
        Books.open(session, grant.shop_id, holders, now=now)
    except MemberHasMoved:
        return  # merged in this very moment: the next turn knows who has the points
    for row in rows:
        _undo_one(session, grant, row, now)
    _note_expired(session, grant, [row for row in rows if row.state == "undone"])
    session.flush()


def _forget_waiting(session: Session, grant: GroupGrant) -> None:
    waiting = session.execute(
        update(GroupGrantMember)
        .where(
            GroupGrantMember.shop_id == grant.shop_id,
            GroupGrantMember.grant_id == grant.id,
            GroupGrantMember.state == "waiting",
        )
        .values(state="skipped", reason="undone before")
        .execution_options(synchronize_session=False)
    )
    grant.skipped += waiting.rowcount  # type: ignore[attr-defined]


def _list_given(session: Session, grant: GroupGrant) -> Sequence[GroupGrantMember]:
    statement = (
        select(GroupGrantMember)
        .where(
            GroupGrantMember.shop_id == grant.shop_id,
            GroupGrantMember.grant_id == grant.id,
            GroupGrantMember.state == "given",
        )
        .order_by(GroupGrantMember.member_id)
        .limit(UNDONE_AT_ONCE)
        .execution_options(populate_existing=True)
    )
    return session.scalars(statement).all()


def _undo_one(session: Session, grant: GroupGrant, row: GroupGrantMember, now: datetime) -> None:
    assert row.entry_id is not None, "what was given has its entry"
    assert grant.undo_by is not None, "somebody decided it"
    kind, _, name = grant.undo_by.partition(":")
    try:
        with session.begin_nested():
            undo(
                session,
                grant.shop_id,
                row.entry_id,
                actor=Actor(kind, name),
                now=now,
                is_forced=grant.undo_is_forced,
            )
    except PointsSpent as spent:
        row.state, row.reason = "kept", f"{spent.spent} spent"
        grant.kept += 1
    except CannotUndo as error:
        row.state, row.reason = "kept", str(error)
        grant.kept += 1
    else:
        row.state = "undone"
        grant.undone += 1
    grant.given -= 1


def _note_expired(session: Session, grant: GroupGrant, undone: Sequence[GroupGrantMember]) -> None:
    entries = [row.entry_id for row in undone if row.entry_id]
    expired = _count_expired(session, grant.shop_id, entries)
    for row in undone:
        row.expired_points = expired.get(row.entry_id, 0) if row.entry_id else 0
        grant.expired_points += row.expired_points


def _count_expired(session: Session, shop_id: int, entry_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many of the points of each of these credits had expired, at the undo itself, too."""
    rows = session.execute(
        select(Lot.entry_id, func.sum(LotDebit.points))
        .join(LotDebit, (LotDebit.shop_id == Lot.shop_id) & (LotDebit.lot_id == Lot.id))
        .join(
            LedgerEntry,
            (LedgerEntry.shop_id == LotDebit.shop_id) & (LedgerEntry.id == LotDebit.entry_id),
        )
        .where(
            Lot.shop_id == shop_id,
            bulk.among(Lot.entry_id, entry_ids),
            LedgerEntry.kind == "expire",
            # Less than 0: what the undo revived, to take it at once.
            LotDebit.points > 0,
        )
        .group_by(Lot.entry_id)
    )
    return {row[0]: int(row[1]) for row in rows}
