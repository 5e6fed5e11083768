"""Points that were given to many are taken back, each by the opposite of its own entry.

The invariant: nobody's points are taken back twice, and who has spent some keeps all unless it is
forced. Locks: the decision, then the balances of those who have the points by now, in id order.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base import bulk
from loyalty.base.errors import CannotUndo, MemberHasMoved, PointsSpent
from loyalty.group_grants.tables import GroupGrant, GroupGrantMember
from loyalty.ledger.tables import LedgerEntry, Lot, LotDebit
from loyalty.ledger.undoing import undo, undo_whole
from loyalty.members.identity import survivor_of
from loyalty.members.tables import MemberBalance

UNDONE_AT_ONCE = 200
"""A till that redeems waits no longer than for so many."""


def undo_batch(session: Session, grant: GroupGrant, *, now: datetime) -> None:
    """Take the next members' points back; who still waits for theirs gets none.

    `grant` is locked. Who has all of the points is undone together with the others, who has lost
    some one by one. What of the points had expired is counted: it was gone before. Flushes.
    """
    _forget_waiting(session, grant)
    credits = _list_given(session, grant)
    if not credits:
        grant.state, grant.undone_at = "undone", now
        session.flush()
        return
    holders = _list_holders(session, grant.shop_id, list(credits))
    owned = {entry_id: holders[member_id] for member_id, entry_id in credits.items()}
    try:
        whole = undo_whole(session, grant.shop_id, owned, actor=_actor(grant), now=now)
    except MemberHasMoved:
        return  # merged in this very moment: the next turn knows who has the points
    kept = {
        member_id: _undo_one(session, grant, entry_id, now)
        for member_id, entry_id in credits.items()
        if entry_id not in whole
    }
    _note(session, grant, credits, {one: why for one, why in kept.items() if why is not None})
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


def _list_given(session: Session, grant: GroupGrant) -> dict[UUID, UUID]:
    """The next members, by id, and the entry of each."""
    statement = (
        select(GroupGrantMember.member_id, GroupGrantMember.entry_id)
        .where(
            GroupGrantMember.shop_id == grant.shop_id,
            GroupGrantMember.grant_id == grant.id,
            GroupGrantMember.state == "given",
        )
        .order_by(GroupGrantMember.member_id)
        .limit(UNDONE_AT_ONCE)
    )
    rows = session.execute(statement).all()
    # What was given has its entry.
    return {row.member_id: row.entry_id for row in rows if row.entry_id is not None}


def _list_holders(session: Session, shop_id: int, member_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Who has each one's points by now; few have been merged, and those are followed one by one."""
    statement = select(MemberBalance.member_id, MemberBalance.merged_into).where(
        MemberBalance.shop_id == shop_id, bulk.among(MemberBalance.member_id, member_ids)
    )
    into = {row.member_id: row.merged_into for row in session.execute(statement).all()}
    return {
        one: survivor_of(session, shop_id, one) if merged_into else one
        for one, merged_into in into.items()
    }


def _actor(grant: GroupGrant) -> Actor:
    assert grant.undo_by is not None, "somebody decided it"
    kind, _, name = grant.undo_by.partition(":")
    return Actor(kind, name)


def _undo_one(session: Session, grant: GroupGrant, entry_id: UUID, now: datetime) -> str | None:
    """Undo what has lost some of its points; why the member keeps the rest, or None."""
    try:
        with session.begin_nested():
            undo(
                session,
                grant.shop_id,
                entry_id,
                actor=_actor(grant),
                now=now,
                is_forced=grant.undo_is_forced,
            )
    except PointsSpent as spent:
        return f"Has spent {spent.spent} of them"
    except CannotUndo as error:
        return str(error)
    return None


def _note(
    session: Session, grant: GroupGrant, credits: Mapping[UUID, UUID], kept: Mapping[UUID, str]
) -> None:
    """What became of each of the batch."""
    undone = [entry_id for member_id, entry_id in credits.items() if member_id not in kept]
    expired = _count_expired(session, grant.shop_id, undone)
    rows = [
        {
            "shop_id": grant.shop_id,
            "grant_id": grant.id,
            "member_id": member_id,
            "state": "kept" if member_id in kept else "undone",
            "reason": kept.get(member_id),
            "entry_id": entry_id,
            "expired_points": expired.get(entry_id, 0),
        }
        for member_id, entry_id in credits.items()
    ]
    bulk.put_rows(session, GroupGrantMember, rows)
    grant.given -= len(rows)
    grant.kept += len(kept)
    grant.undone += len(undone)
    grant.expired_points += sum(expired.values())


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
