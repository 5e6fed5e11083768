"""Crediting a shop's history, batch by batch, each in a transaction of its own.

The invariant: whoever dies halfway leaves whole batches behind; asking again does the rest, once.
"""

from datetime import date

import structlog
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.errors import MemberHasMoved
from loyalty.earning.history import BATCH, Batch, Credited, Place, credit_batch
from loyalty.shops.directory import get_shop

log = structlog.get_logger()

_TRIES = 3


def credit(shop_id: int, since: date, *, actor: Actor, limit: int = BATCH) -> Credited:
    """Credit the history since that day of the shop; what it came to. Commits each batch."""
    total, place = Credited(0, 0), None
    while True:
        batch = _try_credit(shop_id, since, place, actor, limit)
        total += batch.credited
        if batch.place is None:
            log.info("history_credited", shop=shop_id, orders=total.orders, points=total.points)
            return total
        place = batch.place


def dry_run(shop_id: int, since: date, *, actor: Actor, limit: int = BATCH) -> Credited:
    """What `credit` would come to now. Nothing stays of it, and nobody waits longer for it."""
    total, place = Credited(0, 0), None
    while True:
        with db.shop_trial(shop_id) as session:
            batch = _credit(session, shop_id, since, place, actor, limit)
            total += batch.credited
            # What a member's first orders lead to must be seen by their next ones.
            while batch.splits_member:
                batch = _credit(session, shop_id, since, batch.place, actor, limit)
                total += batch.credited
        if batch.place is None:
            return total
        place = batch.place


def _try_credit(shop_id: int, since: date, place: Place | None, actor: Actor, limit: int) -> Batch:
    """One batch, once more when somebody of it was merged meanwhile. Commits."""
    for tries_left in reversed(range(_TRIES)):
        try:
            with db.shop_transaction(shop_id) as session:
                return _credit(session, shop_id, since, place, actor, limit)
        except MemberHasMoved:
            if not tries_left:
                raise
    raise AssertionError("the last try returns or raises")


def _credit(
    session: Session, shop_id: int, since: date, place: Place | None, actor: Actor, limit: int
) -> Batch:
    return credit_batch(
        session,
        get_shop(session, shop_id),
        since,
        after=place,
        actor=actor,
        now=utc_now(),
        limit=limit,
    )
