"""Drains a shop's inbox: each webhook's effects and its "done" commit together, or neither does.

One poisoned row fails alone: it keeps its attempts and its reason, and is parked in the end.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from loyalty import audit
from loyalty.base import bell, faults
from loyalty.base.clock import utc_now
from loyalty.base.db import ring_after_commit, shop_transaction
from loyalty.shops.directory import get_shop
from shopify_app.platform.inbox_batch import (
    ATTEMPTS_MAX,
    SERIALISATION_FAILURES,
    Batch,
    claim,
    reason,
    sqlstate,
)
from shopify_app.platform.tables import InboxRow

__all__ = ["ATTEMPTS_MAX", "ParkedRow", "drain", "parked", "reason", "replay"]

log = structlog.get_logger()

BATCH_MAX = 200
BATCHES_MAX = 20
_DEADLOCKS_MAX = 5


@dataclass(frozen=True, slots=True)
class ParkedRow:
    """A webhook that needs a person, with the reason why."""

    id: UUID
    topic: str
    webhook_id: str
    received_at: datetime
    attempts: int
    error: str


def drain(shop_id: int) -> int:
    """Handle what is due in the shop's inbox; how many rows were looked at. Commits per batch."""
    total = 0
    for _ in range(BATCHES_MAX):
        count = _drain_batch_again(shop_id)
        total += count
        if count < BATCH_MAX:
            return total
    # Let the other shops of this queue have their turn.
    bell.ring("inbox", shop_id)
    return total


def parked(shop_id: int, *, limit: int = 100) -> list[ParkedRow]:
    """The shop's parked webhooks, oldest first."""
    with shop_transaction(shop_id) as session:
        rows = session.scalars(
            select(InboxRow)
            .where(InboxRow.shop_id == shop_id, InboxRow.state == "parked")
            .order_by(InboxRow.id)
            .limit(limit)
        )
        return [
            ParkedRow(r.id, r.topic, r.webhook_id, r.received_at, r.attempts, r.error or "")
            for r in rows
        ]


def replay(
    shop_id: int, ids: Sequence[UUID] | None = None, *, actor: audit.Actor = audit.SYSTEM
) -> int:
    """Put parked webhooks back to new: those of `ids`, or all; how many. Commits and audits."""
    now = utc_now()
    wanted = [InboxRow.shop_id == shop_id, InboxRow.state == "parked"]
    if ids is not None:
        wanted.append(InboxRow.id.in_(ids))
    with shop_transaction(shop_id) as session:
        replayed = session.scalars(
            update(InboxRow)
            .where(*wanted)
            .values(state="new", attempts=0, next_at=now, error=None, done_at=None)
            .returning(InboxRow.id)
        ).all()
        for row_id in replayed:
            audit.record(
                session, shop_id, actor, "webhook_replayed", ("inbox_row", str(row_id)), now=now
            )
        ring_after_commit(session, "inbox", shop_id)
    return len(replayed)


def _drain_batch_again(shop_id: int) -> int:
    """Two drains of a shop may deadlock over its members: the loser starts its batch again."""
    for attempt in range(1, _DEADLOCKS_MAX + 1):
        try:
            return _drain_batch(shop_id)
        except DBAPIError as error:
            if attempt == _DEADLOCKS_MAX or sqlstate(error) not in SERIALISATION_FAILURES:
                raise
            log.warning("inbox_batch_deadlocked", shop=shop_id, attempt=attempt)
            time.sleep(0.05 * attempt)
    raise AssertionError("the loop returns or raises")


def _drain_batch(shop_id: int) -> int:
    with shop_transaction(shop_id) as session:
        shop = get_shop(session, shop_id)
        rows = claim(session, shop_id, limit=BATCH_MAX)
        Batch(session, shop).handle(rows)
        faults.point("inbox_before_commit", shop=shop_id, rows=len(rows))
    return len(rows)
