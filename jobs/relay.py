"""The relay: each new outbox event becomes one delivery per subscriber, in one transaction."""

from collections.abc import Sequence

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from jobs import fan_out, queues
from jobs.subscribers import SUBSCRIBERS, Subscriber
from loyalty.base import db, faults
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.outbox import CARDS_CHANGED, Delivery, OutboxEvent

BATCH = 200
BATCHES_MAX = 20


def relay(shop_id: int, subscribers: Sequence[Subscriber] = SUBSCRIBERS) -> None:
    """Relay all new events of the shop, then let the other shops have their turn."""
    fan_out.advance(shop_id)
    for _ in range(BATCHES_MAX):
        if relay_batch(shop_id, subscribers) == 0:
            return
    queues.ring("relay", shop_id)


def relay_batch(shop_id: int, subscribers: Sequence[Subscriber]) -> int:
    """Relay the oldest events nobody else is relaying; returns how many. Rings subscribers."""
    with db.shop_transaction(shop_id) as session:
        events = session.scalars(
            select(OutboxEvent)
            .where(
                OutboxEvent.shop_id == shop_id,
                OutboxEvent.state == "new",
                OutboxEvent.kind != CARDS_CHANGED,
            )
            .order_by(OutboxEvent.created_at, OutboxEvent.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        for subscriber in (one for one in subscribers if one.is_on()):
            _expand(session, shop_id, events, subscriber)
        faults.point("relay_mid_batch", shop=shop_id, events=[event.id for event in events])
        _mark_relayed(session, shop_id, events)
    return len(events)


def _expand(
    session: Session, shop_id: int, events: Sequence[OutboxEvent], subscriber: Subscriber
) -> None:
    wanted = [event for event in events if event.kind in subscriber.kinds and event.member_id]
    if not wanted:
        return
    now = utc_now()
    rows = [
        {
            "shop_id": shop_id,
            "id": new_id(),
            "event_id": event.id,
            "subscriber": subscriber.name,
            "member_id": event.member_id,
            "state": "pending",
            "attempts": 0,
            "next_at": now,
            "is_urgent": subscriber.is_waited_for(event),
        }
        for event in wanted
    ]
    session.execute(insert(Delivery), rows)
    db.ring_after_commit(session, subscriber.name, shop_id)


def _mark_relayed(session: Session, shop_id: int, events: Sequence[OutboxEvent]) -> None:
    if not events:
        return
    session.execute(
        update(OutboxEvent)
        .where(OutboxEvent.shop_id == shop_id, OutboxEvent.id.in_([event.id for event in events]))
        .values(state="relayed")
        .execution_options(synchronize_session=False)
    )
