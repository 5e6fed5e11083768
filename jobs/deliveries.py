"""Deliveries: each is claimed under a lease, made outside any transaction, then settled.

Never two calls for one member at a time, and each call settles all that was pending
for the member when it was claimed: the subscriber reads the newest state anyway.
"""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from prometheus_client import Counter
from sqlalchemy.orm import Session

from jobs import claims, queues
from jobs.claims import Claim
from jobs.subscribers import Subscriber
from loyalty.base import db, faults
from loyalty.base.clock import utc_now
from shopify_app.edge import sentry

log = structlog.get_logger()
deliveries_total = Counter(
    "encore_deliveries_total", "Attempts to deliver, by outcome", ("subscriber", "outcome")
)

TURN_S = 30
"""How long one answered bell may go on, so that a busy shop cannot keep the others waiting."""
URGENT_EVERY_S = 1
"""How often a turn looks for what somebody waits for: among 50,000 others that takes a while."""

Errors = Mapping[UUID, Exception | None]


def deliver(subscriber: Subscriber, shop_id: int) -> None:
    """Make the shop's due deliveries to `subscriber`, a batch of members at a time."""
    turn_ends = time.monotonic() + TURN_S
    put_off: list[datetime] = []
    claimed = _claim(subscriber, shop_id)
    while time.monotonic() < turn_ends:
        taken = next(claimed, None)
        if taken is None:
            break
        ids = [delivery for claim in taken for delivery in claim.attempts]
        _point("delivery_after_claim", subscriber, shop_id, ids)
        errors = _call(subscriber, shop_id, taken)
        _point("delivery_before_done", subscriber, shop_id, ids)
        _tell_the_end(subscriber, taken, errors)
        put_off += _settle(subscriber, taken, errors)
    else:
        queues.ring(subscriber.name, shop_id)
    if put_off:
        queues.ring_later(subscriber.name, shop_id, min(put_off) - utc_now())


def _claim(subscriber: Subscriber, shop_id: int) -> Iterator[Sequence[Claim]]:
    """Claim after claim until nothing is due; what somebody waits for passes the others."""
    look_at = time.monotonic()
    while True:
        taken: Sequence[Claim] = ()
        if subscriber.urgent and time.monotonic() >= look_at:
            taken = claims.claim_next(subscriber, shop_id, is_urgent=True)
            if not taken:
                look_at = time.monotonic() + URGENT_EVERY_S
        taken = taken or claims.claim_next(subscriber, shop_id)
        if not taken:
            return
        yield taken


def _point(name: str, subscriber: Subscriber, shop_id: int, delivery_ids: Sequence[UUID]) -> None:
    """The point `name` of every subscriber, and `name.subscriber` of this one."""
    for one in (name, f"{name}.{subscriber.name}"):
        faults.point(one, subscriber=subscriber.name, shop=shop_id, deliveries=delivery_ids)


def _call(subscriber: Subscriber, shop_id: int, taken: Sequence[Claim]) -> Errors:
    members = [claim.member_id for claim in taken]
    if subscriber.call_many is not None and len(members) > 1:
        try:
            return subscriber.call_many(shop_id, members)
        except Exception as error:
            # One member must not fail the others: each is called alone.
            log.warning("batch_failed", subscriber=subscriber.name, shop=shop_id, exc_info=error)
    return {member: _call_one(subscriber, shop_id, member) for member in members}


def _call_one(subscriber: Subscriber, shop_id: int, member_id: UUID) -> Exception | None:
    try:
        subscriber.call(shop_id, member_id)
    except Exception as error:  # one member's failure must not stop the others
        return error
    return None


def _tell_the_end(subscriber: Subscriber, taken: Sequence[Claim], errors: Errors) -> None:
    """Tell the subscriber of the members for whom no try is left."""
    for claim in taken:
        error = errors[claim.member_id]
        if error is not None and subscriber.give_up and _is_over(subscriber, claim, error):
            subscriber.give_up(claim.shop_id, claim.member_id, words(error))


def _is_over(subscriber: Subscriber, claim: Claim, error: Exception) -> bool:
    """Whether no try is left for the member; a younger delivery may still have some."""
    return all(_is_last(subscriber, attempts, error) for attempts in claim.attempts.values())


def _is_last(subscriber: Subscriber, attempts: int, error: Exception) -> bool:
    if claims.retry_at(error, utc_now()):
        return False
    return not getattr(error, "retryable", True) or attempts >= subscriber.attempts_max


def _settle(subscriber: Subscriber, taken: Sequence[Claim], errors: Errors) -> list[datetime]:
    """Write down how each claim ended; returns when those that were put off are due."""
    now = utc_now()
    done = [claim for claim in taken if errors[claim.member_id] is None]
    put_off = []
    with db.shop_transaction(taken[0].shop_id) as session:
        done_ids = [delivery for claim in done for delivery in claim.attempts]
        claims.settle(session, done, done_ids, state="done", done_at=now, error=None)
        for claim in taken:
            error = errors[claim.member_id]
            if error is None:
                continue
            if due_at := claims.retry_at(error, now):
                put_off.append(due_at)
            _settle_failed(session, subscriber, claim, error, now)
    deliveries_total.labels(subscriber.name, "done").inc(len(done_ids))
    return put_off


def _settle_failed(
    session: Session, subscriber: Subscriber, claim: Claim, error: Exception, now: datetime
) -> None:
    for delivery_id, attempts in claim.attempts.items():
        values = _verdict(subscriber, attempts, error, now)
        deliveries_total.labels(subscriber.name, _outcome(values)).inc()
        claims.settle(session, [claim], [delivery_id], **values)
    if not claims.retry_at(error, now):
        _log_failure(subscriber, claim, error)


def _verdict(
    subscriber: Subscriber, attempts: int, error: Exception, now: datetime
) -> dict[str, object]:
    if due_at := claims.retry_at(error, now):
        return {"next_at": due_at, "attempts": attempts - 1}
    if _is_last(subscriber, attempts, error):
        return {"state": "dead", "done_at": now, "error": reason(error)}
    return {"next_at": now + backoff(subscriber, attempts), "error": reason(error)}


def _outcome(values: dict[str, object]) -> str:
    return "put_off" if "attempts" in values else str(values.get("state", "retried"))


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
