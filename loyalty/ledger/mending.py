"""The four figures of members set to what the books say, by command and never by itself.

The invariant: entries, lots and deficits are believed; only the cache is written.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from loyalty import audit, outbox
from loyalty.audit import Actor
from loyalty.ledger.figures import BURNED, EARNED
from loyalty.ledger.posting import lock_balance
from loyalty.ledger.selfcheck import find_differences
from loyalty.ledger.tables import EARNING_KINDS, FigureMove, LedgerEntry, Lot
from loyalty.members.tables import MemberBalance


@dataclass(frozen=True, slots=True)
class Mended:
    """A member whose figures were set; what does not agree now is in the lots themselves."""

    member_id: UUID
    before: dict[str, int]
    after: dict[str, int]


def mend(session: Session, shop_id: int, *, actor: Actor, now: datetime) -> list[Mended]:
    """Set the figures of every member who differs; audited. Flushes; the caller commits."""
    differing = {difference.member_id for difference in find_differences(session, shop_id)}
    mended = []
    for member_id in sorted(differing):
        balance = lock_balance(session, shop_id, member_id, admits_merged=True)
        before, after = _cached(balance), rebuild(session, shop_id, member_id)
        if before == after:
            continue
        for name, value in after.items():
            setattr(balance, name, value)
        subject = ("member", str(member_id))
        audit.record(
            session, shop_id, actor, "figures_mended", subject, now=now, before=before, after=after
        )
        outbox.stage(session, shop_id, outbox.MEMBER_CHANGED, member_id=member_id, now=now)
        mended.append(Mended(member_id, before, after))
    session.flush()
    return mended


def rebuild(session: Session, shop_id: int, member_id: UUID) -> dict[str, int]:
    """The member's four figures as entries and lots have them."""
    total, earned, burned = _entries(session, shop_id, member_id)
    pending, pending_earned = _on_hold(session, shop_id, member_id)
    moved = session.execute(
        select(_sum(FigureMove.earned), _sum(FigureMove.burned)).where(
            FigureMove.shop_id == shop_id, FigureMove.member_id == member_id
        )
    ).one()
    return {
        "available": total - pending,
        "pending": pending,
        "lifetime_earned": earned + int(moved[0]) - pending_earned,
        "lifetime_burned": burned + int(moved[1]),
    }


def _cached(balance: MemberBalance) -> dict[str, int]:
    names = ("available", "pending", "lifetime_earned", "lifetime_burned")
    return {name: getattr(balance, name) for name in names}


def _entries(session: Session, shop_id: int, member_id: UUID) -> tuple[int, int, int]:
    row = session.execute(
        select(
            _sum(LedgerEntry.points),
            _sum(case((LedgerEntry.kind.in_(EARNED), LedgerEntry.points), else_=0)),
            _sum(case((LedgerEntry.kind.in_(BURNED), -LedgerEntry.points), else_=0)),
        ).where(LedgerEntry.shop_id == shop_id, LedgerEntry.member_id == member_id)
    ).one()
    return int(row[0]), int(row[1]), int(row[2])


def _on_hold(session: Session, shop_id: int, member_id: UUID) -> tuple[int, int]:
    row = session.execute(
        select(
            _sum(Lot.points_left),
            _sum(case((LedgerEntry.kind.in_(EARNING_KINDS), Lot.points_left), else_=0)),
        )
        .join(
            LedgerEntry,
            (LedgerEntry.shop_id == Lot.shop_id) & (LedgerEntry.id == Lot.entry_id),
        )
        .where(Lot.shop_id == shop_id, Lot.member_id == member_id, Lot.released_at.is_(None))
    ).one()
    return int(row[0]), int(row[1])


def _sum(points: Any) -> Any:
    return func.coalesce(func.sum(points), 0)
