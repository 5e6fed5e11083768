"""Drains a shop's inbox: each webhook's effects and its "done" commit together, or neither does.

One poisoned row fails alone: it keeps its attempts and its reason, and is parked in the end.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.base import bell, faults
from loyalty.base.clock import utc_now
from loyalty.base.db import ring_after_commit, shop_transaction
from loyalty.base.errors import LoyaltyError, MemberHasMoved
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from shopify_app.platform import topics
from shopify_app.platform.errors import Ignored, NoHandler, ShapeError
from shopify_app.platform.tables import InboxRow

log = structlog.get_logger()

BATCH_MAX = 200
BATCHES_MAX = 20
ATTEMPTS_MAX = 8
_DEADLOCKS_MAX = 5
_SERIALISATION_FAILURES = ("40P01", "40001")
# These fail alike however often they are tried: a person must look.
_HOPELESS = (ShapeError, NoHandler, LoyaltyError)


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
            if attempt == _DEADLOCKS_MAX or _sqlstate(error) not in _SERIALISATION_FAILURES:
                raise
            log.warning("inbox_batch_deadlocked", shop=shop_id, attempt=attempt)
            time.sleep(0.05 * attempt)
    raise AssertionError("the loop returns or raises")


def _drain_batch(shop_id: int) -> int:
    with shop_transaction(shop_id) as session:
        shop = get_shop(session, shop_id)
        rows = _claim(session, shop_id)
        for row in rows:
            _handle(session, shop, row)
        faults.point("inbox_before_commit", shop=shop_id, rows=len(rows))
    return len(rows)


def _claim(session: Session, shop_id: int) -> Sequence[InboxRow]:
    return session.scalars(
        select(InboxRow)
        .where(InboxRow.shop_id == shop_id, InboxRow.state == "new", InboxRow.next_at <= utc_now())
        .order_by(InboxRow.next_at, InboxRow.id)
        .limit(BATCH_MAX)
        .with_for_update(skip_locked=True)
    ).all()


def _handle(session: Session, shop: Shop, row: InboxRow) -> None:
    now = utc_now()
    savepoint = session.begin_nested()
    try:
        topics.dispatch(session, shop, row, now=now)
        savepoint.commit()
    except Exception as error:
        savepoint.rollback()
        _settle_failure(row, error, now)
    else:
        row.state, row.error, row.done_at = "done", None, now
    session.flush()


def _settle_failure(row: InboxRow, error: Exception, now: datetime) -> None:
    if isinstance(error, DBAPIError) and _must_start_again(error):
        raise error
    if isinstance(error, Ignored):
        row.state, row.error, row.done_at = "ignored", str(error), now
        return
    row.attempts += 1
    row.error = reason(error)
    is_hopeless = isinstance(error, _HOPELESS) and not isinstance(error, MemberHasMoved)
    if is_hopeless or row.attempts >= ATTEMPTS_MAX:
        row.state = "parked"
        log.error("webhook_parked", shop=row.shop_id, row=str(row.id), reason=row.error)
    else:
        row.next_at = now + back_off(row.attempts)
        log.warning("webhook_failed", shop=row.shop_id, row=str(row.id), reason=row.error)


def _must_start_again(error: DBAPIError) -> bool:
    """Whether the connection or the whole transaction is lost, not this row alone."""
    return error.connection_invalidated or _sqlstate(error) in _SERIALISATION_FAILURES


def back_off(attempts: int) -> timedelta:
    """How long to wait after so many attempts: 5 s, doubled each time, an hour at most."""
    return min(timedelta(seconds=5 * 2 ** (attempts - 1)), timedelta(hours=1))


def reason(error: Exception) -> str:
    """Why it failed, without the values that a database error or a KeyError quotes."""
    if isinstance(error, _HOPELESS):
        return f"{type(error).__name__}: {error}"[:500]
    if isinstance(error, DBAPIError):
        return f"{type(error.orig).__name__} {_sqlstate(error) or ''}".strip()
    return type(error).__name__


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
