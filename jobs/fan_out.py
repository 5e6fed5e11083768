"""A change of every card of a shop reaches the members a batch at a time, behind no one's points.

The event itself keeps how far it came, in the transaction that stages the batch's own events.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs import queues
from loyalty import outbox
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.outbox import CARDS_CHANGED, MEMBER_CHANGED, OutboxEvent
from wallet.queries import list_cardholders

BATCH = 150
EVERY = timedelta(seconds=10)
"""15 members a second: less than Google takes, so that a purchase meanwhile waits for few."""


def advance(shop_id: int) -> int:
    """Tell the subscribers of the next batch of members, if it is time; returns how many."""
    now = utc_now()
    with db.shop_transaction(shop_id) as session:
        event = _current(_lock_events(session, shop_id))
        if event is None or _not_before(event) > now:
            return 0
        members = list_cardholders(session, shop_id, after=_after(event), limit=BATCH)
        for member_id in members:
            outbox.stage(session, shop_id, MEMBER_CHANGED, member_id=member_id, now=now)
        if len(members) < BATCH:
            event.state = "relayed"
            return len(members)
        event.body = {"after": members[-1].hex, "not_before": (now + EVERY).isoformat()}
    queues.ring_later("relay", shop_id, EVERY)
    return len(members)


def _lock_events(session: Session, shop_id: int) -> Sequence[OutboxEvent]:
    return session.scalars(
        select(OutboxEvent)
        .where(
            OutboxEvent.shop_id == shop_id,
            OutboxEvent.state == "new",
            OutboxEvent.kind == CARDS_CHANGED,
        )
        .order_by(OutboxEvent.created_at, OutboxEvent.id)
        .with_for_update(skip_locked=True)
    ).all()


def _current(events: Sequence[OutboxEvent]) -> OutboxEvent | None:
    """The one that is under way, else the oldest; of those that wait behind it one is enough."""
    waiting = [event for event in events if not event.body]
    for event in waiting[1:]:
        event.state = "relayed"
    begun = [event for event in events if event.body]
    return next(iter([*begun, *waiting]), None)


def _after(event: OutboxEvent) -> UUID | None:
    return UUID(hex=event.body["after"]) if event.body else None


def _not_before(event: OutboxEvent) -> datetime:
    return datetime.fromisoformat(event.body["not_before"]) if event.body else event.created_at
