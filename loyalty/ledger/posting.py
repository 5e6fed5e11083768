"""Credits and debits. Each is one entry, its lots and the four figures, in one transaction.

The invariant: available + pending = Σ entries = Σ lots left − Σ deficits left.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import outbox, timeline
from loyalty.base.errors import IdempotencyConflict, InsufficientPoints, MemberNotFound
from loyalty.base.ids import new_id
from loyalty.ledger import lots
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import MemberBalance


@dataclass(frozen=True, slots=True)
class Cause:
    """Why points move: the outside fact, its key, and who did it."""

    kind: str
    idempotency_key: str
    source_kind: str
    source_id: str
    actor: str
    occurred_at: datetime
    order_id: int | None = None
    order_name: str | None = None
    reason_code: str | None = None
    reverses_id: UUID | None = None


def lock_balance(session: Session, shop_id: int, member_id: UUID) -> MemberBalance:
    """The member's four figures, locked until the transaction ends; raises MemberNotFound."""
    statement = (
        select(MemberBalance)
        .where(MemberBalance.shop_id == shop_id, MemberBalance.member_id == member_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    balance = session.scalar(statement)
    if balance is None:
        raise MemberNotFound(str(member_id))
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
    assert points > 0
    known = _find_posted(session, balance, cause, points)
    if known is not None:
        return known
    entry = _append(session, balance, cause, points, now)
    lot = lots.open_lot(
        session, entry, available_at=available_at or now, last_valid_on=last_valid_on
    )
    balance.pending += points
    if lot.available_at <= now:
        lots.release(session, balance, lot, now=now)
    session.flush()
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
    assert points > 0
    known = _find_posted(session, balance, cause, -points)
    if known is not None:
        return known
    if not may_go_negative and balance.available < points:
        raise InsufficientPoints(f"{points} asked, {balance.available} available")
    entry = _append(session, balance, cause, -points, now)
    held_back = lots.take_pending_of_order(session, entry)
    lacking = points - held_back - lots.take_available(session, entry, points - held_back)
    if lacking:
        lots.open_deficit(session, entry, lacking)
    balance.pending -= held_back
    balance.available -= points - held_back
    if cause.kind == "earn_reversal":
        balance.lifetime_earned -= points - held_back
    elif cause.kind == "redeem":
        balance.lifetime_burned += points
    session.flush()
    return entry


def release_due(session: Session, shop_id: int, *, now: datetime) -> int:
    """Make every pending lot whose time has come spendable; how many there were."""
    due = lots.list_due(session, shop_id, now)
    for member_id in sorted({lot.member_id for lot in due}):
        balance = lock_balance(session, shop_id, member_id)
        for lot in (lot for lot in due if lot.member_id == member_id):
            # Another worker may have released it while we waited for the lock.
            session.refresh(lot)
            if lot.released_at is None:
                lots.release(session, balance, lot, now=now)
        outbox.stage(session, shop_id, outbox.MEMBER_CHANGED, member_id=member_id, now=now)
    session.flush()
    return len(due)


def _find_posted(
    session: Session, balance: MemberBalance, cause: Cause, points: int
) -> LedgerEntry | None:
    """The entry that this key posted before, if it says the same."""
    entry = session.scalar(
        select(LedgerEntry).where(
            LedgerEntry.shop_id == balance.shop_id,
            LedgerEntry.idempotency_key == cause.idempotency_key,
        )
    )
    if entry is None:
        return None
    if (entry.member_id, entry.kind, entry.points) != (balance.member_id, cause.kind, points):
        raise IdempotencyConflict(cause.idempotency_key)
    return entry


def _append(
    session: Session, balance: MemberBalance, cause: Cause, points: int, now: datetime
) -> LedgerEntry:
    """The entry, its line in the timeline, and the news for the member's card."""
    entry = LedgerEntry(
        shop_id=balance.shop_id,
        id=new_id(),
        member_id=balance.member_id,
        kind=cause.kind,
        points=points,
        occurred_at=cause.occurred_at,
        posted_at=now,
        source_kind=cause.source_kind,
        source_id=cause.source_id,
        idempotency_key=cause.idempotency_key,
        actor=cause.actor,
        reason_code=cause.reason_code,
        order_id=cause.order_id,
        reverses_id=cause.reverses_id,
    )
    session.add(entry)
    session.flush()
    timeline.note_event(
        session,
        balance.shop_id,
        balance.member_id,
        timeline.POINTS_ADDED if points > 0 else timeline.POINTS_REMOVED,
        now,
        points=points,
        entry_kind=cause.kind,
        reason=cause.reason_code,
        order_name=cause.order_name,
        entry_id=str(entry.id),
    )
    outbox.stage(
        session, balance.shop_id, outbox.MEMBER_CHANGED, member_id=balance.member_id, now=now
    )
    return entry
