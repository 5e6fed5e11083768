"""Claims: which members' deliveries a worker makes next, under a lease, and how they ended.

Never two claims on one member at a time; a claim takes all that was pending for the member.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session, aliased

from jobs.subscribers import Subscriber
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.outbox import Delivery

_ROWS_PER_MEMBER = 4
"""How many pending rows to look through per member asked for: a busy member has several."""


@dataclass(frozen=True)
class Claim:
    """All pending deliveries of one member to one subscriber; `attempts` counts this one."""

    id: UUID
    shop_id: int
    member_id: UUID
    attempts: dict[UUID, int]


def claim_next(subscriber: Subscriber, shop_id: int, *, is_urgent: bool = False) -> list[Claim]:
    """Claim the members whose deliveries are due first, at most `subscriber.batch` of them.

    `is_urgent`: only those with a delivery that somebody waits for.
    """
    while True:
        now = utc_now()
        with db.shop_transaction(shop_id) as session:
            member_ids = _next_members(session, subscriber, shop_id, now, is_urgent)
            if not member_ids:
                return []
            rows = _lock_pending(session, subscriber, shop_id, member_ids)
            # Another worker may have claimed or settled some while we waited for the locks.
            busy = {row.member_id for row in rows if _holds(subscriber, row, now)}
            free = [row for row in rows if row.member_id not in busy]
            if free:
                return _take(session, free, shop_id, now + subscriber.lease)


def settle(
    session: Session, claims: Sequence[Claim], delivery_ids: Sequence[UUID], **values: object
) -> None:
    """Give these deliveries of the claims their end, and let go of them."""
    if not delivery_ids:
        return
    session.execute(
        update(Delivery)
        .where(
            Delivery.shop_id == claims[0].shop_id,
            Delivery.id.in_(delivery_ids),
            # Our lease may have ended and another worker gone on with the row.
            Delivery.claimed_by.in_({claim.id for claim in claims}),
        )
        .values(claimed_by=None, **values)
        .execution_options(synchronize_session=False)
    )


def _next_members(
    session: Session, subscriber: Subscriber, shop_id: int, now: datetime, is_urgent: bool
) -> list[UUID]:
    """Whose deliveries are due first, leaving out members claimed by others or in a back-off."""
    later = aliased(Delivery)
    is_waiting = exists().where(
        later.shop_id == shop_id,
        later.member_id == Delivery.member_id,
        later.subscriber == subscriber.name,
        later.state == "pending",
        later.next_at > now,
        *([(later.attempts > 0)] if subscriber.passes_put_off else []),
    )
    due = session.scalars(
        select(Delivery.member_id)
        .where(
            Delivery.shop_id == shop_id,
            Delivery.subscriber == subscriber.name,
            Delivery.state == "pending",
            Delivery.next_at <= now,
            Delivery.member_id.is_not(None),
            ~is_waiting,
            *([Delivery.is_urgent] if is_urgent else []),
        )
        .order_by(Delivery.next_at, Delivery.id)
        .limit(1 if subscriber.batch == 1 else subscriber.batch * _ROWS_PER_MEMBER)
    )
    return list(dict.fromkeys(member for member in due if member))[: subscriber.batch]


def _holds(subscriber: Subscriber, row: Delivery, now: datetime) -> bool:
    """Whether the delivery keeps its member's others waiting."""
    # What is claimed, or failed before, counts an attempt; what was only put off counts none.
    return row.next_at > now and not (subscriber.passes_put_off and row.attempts == 0)


def _lock_pending(
    session: Session, subscriber: Subscriber, shop_id: int, member_ids: Sequence[UUID]
) -> Sequence[Delivery]:
    # In id order, and without SKIP LOCKED: who claims the first row claims the member.
    return session.scalars(
        select(Delivery)
        .where(
            Delivery.shop_id == shop_id,
            Delivery.member_id.in_(member_ids),
            Delivery.subscriber == subscriber.name,
            Delivery.state == "pending",
        )
        .order_by(Delivery.id)
        .with_for_update()
    ).all()


def _take(
    session: Session, rows: Sequence[Delivery], shop_id: int, lease_ends_at: datetime
) -> list[Claim]:
    claim_id = new_id()
    # Counted now and not at the end, so that a call which kills the worker runs out too.
    session.execute(
        update(Delivery)
        .where(Delivery.shop_id == shop_id, Delivery.id.in_([row.id for row in rows]))
        .values(attempts=Delivery.attempts + 1, claimed_by=claim_id, next_at=lease_ends_at)
        .execution_options(synchronize_session=False)
    )
    attempts: dict[UUID, dict[UUID, int]] = {}
    for row in rows:
        assert row.member_id is not None
        attempts.setdefault(row.member_id, {})[row.id] = row.attempts + 1
    return [Claim(claim_id, shop_id, member, counts) for member, counts in attempts.items()]


def retry_at(error: Exception | None, now: datetime) -> datetime | None:
    """When to come back without counting the attempt, if the error asks for that."""
    wait = getattr(error, "retry_after", None)
    return now + wait if isinstance(wait, timedelta) else None
