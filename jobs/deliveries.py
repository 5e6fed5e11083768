"""Deliveries: each is claimed under a lease, made outside any transaction, then settled.

Never two calls for one member at a time, and each call settles all that was pending
for the member when it was claimed: the subscriber reads the newest state anyway.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from prometheus_client import Counter
from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session, aliased

from jobs import queues
from jobs.subscribers import Subscriber
from loyalty.base import db, faults
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.outbox import Delivery
from shopify_app.edge import sentry

log = structlog.get_logger()
deliveries_total = Counter(
    "encore_deliveries_total", "Attempts to deliver, by outcome", ("subscriber", "outcome")
)

TURN_S = 30
"""How long one answered bell may go on, so that a busy shop cannot keep the others waiting."""


@dataclass(frozen=True)
class Claim:
    """All pending deliveries of one member to one subscriber; `attempts` counts this one."""

    id: UUID
    shop_id: int
    member_id: UUID
    attempts: dict[UUID, int]


def deliver(subscriber: Subscriber, shop_id: int) -> None:
    """Make the shop's due deliveries to `subscriber`, one member at a time."""
    turn_ends = time.monotonic() + TURN_S
    while time.monotonic() < turn_ends:
        claim = _claim_next(subscriber, shop_id)
        if claim is None:
            return
        faults.point("delivery_after_claim", shop=shop_id, deliveries=list(claim.attempts))
        error = _call(subscriber, claim)
        faults.point("delivery_before_done", shop=shop_id, deliveries=list(claim.attempts))
        if error is not None and subscriber.give_up and _is_over(subscriber, claim, error):
            subscriber.give_up(shop_id, claim.member_id, words(error))
        _settle(subscriber, claim, error)
    queues.ring(subscriber.name, shop_id)


def _claim_next(subscriber: Subscriber, shop_id: int) -> Claim | None:
    while True:
        now = utc_now()
        with db.shop_transaction(shop_id) as session:
            member_id = _next_member(session, subscriber, shop_id, now)
            if member_id is None:
                return None
            rows = _lock_pending(session, subscriber, shop_id, member_id)
            # Another worker may have claimed or settled them while we waited for the lock.
            if rows and all(row.next_at <= now for row in rows):
                return _take(rows, shop_id, member_id, now + subscriber.lease)


def _next_member(
    session: Session, subscriber: Subscriber, shop_id: int, now: datetime
) -> UUID | None:
    """Whose delivery is due first, leaving out members claimed by others or in a back-off."""
    later = aliased(Delivery)
    is_waiting = exists().where(
        later.shop_id == shop_id,
        later.member_id == Delivery.member_id,
        later.subscriber == subscriber.name,
        later.state == "pending",
        later.next_at > now,
    )
    return session.scalar(
        select(Delivery.member_id)
        .where(
            Delivery.shop_id == shop_id,
            Delivery.subscriber == subscriber.name,
            Delivery.state == "pending",
            Delivery.next_at <= now,
            Delivery.member_id.is_not(None),
            ~is_waiting,
        )
        .order_by(Delivery.next_at, Delivery.id)
        .limit(1)
    )


def _lock_pending(
    session: Session, subscriber: Subscriber, shop_id: int, member_id: UUID
) -> Sequence[Delivery]:
    # In id order, and without SKIP LOCKED: who claims the first row claims the member.
    return session.scalars(
        select(Delivery)
        .where(
            Delivery.shop_id == shop_id,
            Delivery.member_id == member_id,
            Delivery.subscriber == subscriber.name,
            Delivery.state == "pending",
        )
        .order_by(Delivery.id)
        .with_for_update()
    ).all()


def _take(
    rows: Sequence[Delivery], shop_id: int, member_id: UUID, lease_ends_at: datetime
) -> Claim:
    claim_id = new_id()
    for row in rows:
        # Counted now and not at the end, so that a call which kills the worker runs out too.
        row.attempts += 1
        row.claimed_by, row.next_at = claim_id, lease_ends_at
    return Claim(claim_id, shop_id, member_id, {row.id: row.attempts for row in rows})


def _call(subscriber: Subscriber, claim: Claim) -> Exception | None:
    try:
        subscriber.call(claim.shop_id, claim.member_id)
    except Exception as error:  # one member's failure must not stop the others
        return error
    return None


def _is_over(subscriber: Subscriber, claim: Claim, error: Exception) -> bool:
    """Whether no try is left for the member; a younger delivery may still have some."""
    return all(_is_last(subscriber, attempts, error) for attempts in claim.attempts.values())


def _is_last(subscriber: Subscriber, attempts: int, error: Exception) -> bool:
    return not getattr(error, "retryable", True) or attempts >= subscriber.attempts_max


def _settle(subscriber: Subscriber, claim: Claim, error: Exception | None) -> None:
    now = utc_now()
    with db.shop_transaction(claim.shop_id) as session:
        for delivery_id, attempts in claim.attempts.items():
            values = _verdict(subscriber, attempts, error, now)
            deliveries_total.labels(subscriber.name, _outcome(values)).inc()
            session.execute(
                update(Delivery)
                .where(
                    Delivery.shop_id == claim.shop_id,
                    Delivery.id == delivery_id,
                    # Our lease may have ended and another worker gone on with the row.
                    Delivery.claimed_by == claim.id,
                )
                .values(claimed_by=None, **values)
            )
    if error is not None:
        _log_failure(subscriber, claim, error)


def _verdict(
    subscriber: Subscriber, attempts: int, error: Exception | None, now: datetime
) -> dict[str, object]:
    if error is None:
        return {"state": "done", "done_at": now, "error": None}
    if _is_last(subscriber, attempts, error):
        return {"state": "dead", "done_at": now, "error": reason(error)}
    return {"next_at": now + backoff(subscriber, attempts), "error": reason(error)}


def _outcome(values: dict[str, object]) -> str:
    return str(values.get("state", "retried"))


def backoff(subscriber: Subscriber, attempts: int) -> timedelta:
    """How long to wait after the `attempts`-th failure: doubling, capped, ± a third at random."""
    doubled = subscriber.backoff_first * 2 ** min(attempts - 1, 20)
    whole = min(doubled, subscriber.backoff_max)
    return whole * random.randint(667, 1333) // 1000


def reason(error: Exception) -> str:
    """What to keep of `error`: its words only if they are ours, for others may quote a person."""
    name, said = type(error).__name__, words(error)
    return name if said == name else f"{name}: {said}"[:500]


def words(error: Exception) -> str:
    """What `error` says if the words are ours, else its type."""
    return str(error)[:500] if hasattr(error, "retryable") else type(error).__name__


def _log_failure(subscriber: Subscriber, claim: Claim, error: Exception) -> None:
    is_last = _is_last(subscriber, max(claim.attempts.values()), error)
    if is_last:
        sentry.report(error)
    write = log.error if is_last else log.warning
    write(
        "delivery_failed",
        subscriber=subscriber.name,
        shop=claim.shop_id,
        member=str(claim.member_id),
        reason=reason(error),
        exc_info=error,
    )
