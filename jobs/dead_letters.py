"""Deliveries that were given up on, and the way back for them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from loyalty import audit
from loyalty.base import db
from loyalty.outbox import Delivery


def list_dead(shop_id: int, *, limit: int = 100) -> Sequence[Delivery]:
    """The shop's dead deliveries, oldest first; `error` says why each died."""
    with db.shop_transaction(shop_id) as session:
        return session.scalars(
            select(Delivery)
            .where(Delivery.shop_id == shop_id, Delivery.state == "dead")
            .order_by(Delivery.id)
            .limit(limit)
        ).all()


def replay(
    shop_id: int, ids: Sequence[UUID] | None = None, *, actor: audit.Actor, now: datetime
) -> int:
    """Make dead deliveries pending again: those of `ids`, or all; how many. Commits and audits."""
    wanted = [Delivery.shop_id == shop_id, Delivery.state == "dead"]
    if ids is not None:
        wanted.append(Delivery.id.in_(ids))
    with db.shop_transaction(shop_id) as session:
        replayed = session.execute(
            update(Delivery)
            .where(*wanted)
            .values(state="pending", attempts=0, next_at=now, error=None, done_at=None)
            .returning(Delivery.id, Delivery.subscriber)
            .execution_options(synchronize_session=False)
        ).all()
        for row in replayed:
            subject = ("delivery", str(row.id))
            audit.record(session, shop_id, actor, "delivery_replayed", subject, now=now)
            db.ring_after_commit(session, row.subscriber, shop_id)
    return len(replayed)
