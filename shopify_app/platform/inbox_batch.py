"""One batch of a shop's inbox in one transaction: what can be recorded together is.

A batch that fails is done again row by row, each under a savepoint, so that a poisoned row fails
alone and says why. Per member the order of arrival is kept.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from loyalty.base.bulk import among, update_rows
from loyalty.base.clock import utc_now
from loyalty.base.errors import LoyaltyError, MemberHasMoved
from loyalty.orders.recording import Facts
from loyalty.shops.tables import Shop
from shopify_app.platform import topics
from shopify_app.platform.deliveries import ClaimedRow, Delivery, open_row
from shopify_app.platform.errors import Ignored, NoHandler, ShapeError
from shopify_app.platform.tables import InboxRow

log = structlog.get_logger()

ATTEMPTS_MAX = 8
SERIALISATION_FAILURES = ("40P01", "40001")
# These fail alike however often they are tried: a person must look.
_HOPELESS = (ShapeError, NoHandler, LoyaltyError)
_COLUMNS = ("id", "topic", "body", "triggered_at", "received_at", "attempts")


def claim(session: Session, shop_id: int, *, limit: int) -> list[ClaimedRow]:
    """What is due and nobody else has, oldest first; locked until the transaction ends."""
    rows = session.execute(
        select(*(getattr(InboxRow, name) for name in _COLUMNS))
        .where(InboxRow.shop_id == shop_id, InboxRow.state == "new", InboxRow.next_at <= utc_now())
        .order_by(InboxRow.next_at, InboxRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [ClaimedRow(*row) for row in rows]


class Batch:
    """The rows of one transaction, what they have told so far, and what became of each."""

    def __init__(self, session: Session, shop: Shop) -> None:
        self._session, self._shop, self._now = session, shop, utc_now()
        self._told: list[tuple[ClaimedRow, Facts]] = []
        self._done: list[UUID] = []
        self._outcomes: list[dict[str, Any]] = []

    def handle(self, rows: Sequence[ClaimedRow]) -> None:
        """Handle all rows and note what became of them. The caller commits."""
        for row in rows:
            self._hear(row)
        self._record()
        self._note()

    def _hear(self, row: ClaimedRow) -> None:
        """Keep what the row tells, or handle it now if it tells of nothing that can wait."""
        try:
            delivery = open_row(row, self._now)
            facts = topics.tell(self._shop, row.topic, delivery)
        except Exception as error:
            self._settle_failure(row, error)
            return
        if facts is not None:
            self._told.append((row, facts))
            return
        if not topics.may_overtake(row.topic):
            self._record()
        self._try(row, partial(self._dispatch, row.topic, delivery))

    def _dispatch(self, topic: str, delivery: Delivery) -> None:
        topics.dispatch(self._session, self._shop, topic, delivery)

    def _record(self) -> None:
        """Record what was told so far: together, or else each by itself."""
        told, self._told = self._told, []
        if not told or (len(told) > 1 and self._record_together(told)):
            return
        for row, facts in told:
            self._try(row, partial(self._record_facts, [facts]))

    def _record_together(self, told: Sequence[tuple[ClaimedRow, Facts]]) -> bool:
        savepoint = self._session.begin_nested()
        try:
            self._record_facts([facts for _, facts in told])
            savepoint.commit()
        except Exception as error:
            savepoint.rollback()
            _raise_if_lost(error)
            log.warning("inbox_batch_split", shop=self._shop.shop_id, reason=reason(error))
            return False
        self._done += [row.id for row, _ in told]
        return True

    def _record_facts(self, told: Sequence[Facts]) -> None:
        topics.record(self._session, self._shop, told, now=self._now)

    def _try(self, row: ClaimedRow, act: Callable[[], None]) -> None:
        savepoint = self._session.begin_nested()
        try:
            act()
            savepoint.commit()
        except Exception as error:
            savepoint.rollback()
            self._settle_failure(row, error)
        else:
            self._done.append(row.id)

    def _settle_failure(self, row: ClaimedRow, error: Exception) -> None:
        _raise_if_lost(error)
        if isinstance(error, Ignored):
            self._fail(row, state="ignored", error=str(error), done_at=self._now)
            return
        attempts, why = row.attempts + 1, reason(error)
        where = {"shop": self._shop.shop_id, "row": str(row.id), "reason": why}
        is_hopeless = isinstance(error, _HOPELESS) and not isinstance(error, MemberHasMoved)
        if is_hopeless or attempts >= ATTEMPTS_MAX:
            self._fail(row, state="parked", error=why, attempts=attempts)
            log.error("webhook_parked", **where)
        else:
            next_at = self._now + back_off(attempts)
            self._fail(row, state="new", error=why, attempts=attempts, next_at=next_at)
            log.warning("webhook_failed", **where)

    def _fail(self, row: ClaimedRow, **changes: Any) -> None:
        same = {"attempts": row.attempts, "next_at": self._now, "done_at": None}
        key = {"shop_id": self._shop.shop_id, "id": row.id}
        self._outcomes.append(key | same | changes)

    def _note(self) -> None:
        if self._done:
            self._session.execute(
                update(InboxRow)
                .where(InboxRow.shop_id == self._shop.shop_id, among(InboxRow.id, self._done))
                .values(state="done", error=None, done_at=self._now)
                .execution_options(synchronize_session=False)
            )
        update_rows(self._session, InboxRow, ("shop_id", "id"), self._outcomes)


def back_off(attempts: int) -> timedelta:
    """How long to wait after so many attempts: 5 s, doubled each time, an hour at most."""
    return min(timedelta(seconds=5 * 2 ** (attempts - 1)), timedelta(hours=1))


def reason(error: Exception) -> str:
    """Why it failed, without the values that a database error or a KeyError quotes."""
    if isinstance(error, _HOPELESS):
        return f"{type(error).__name__}: {error}"[:500]
    if isinstance(error, DBAPIError):
        return f"{type(error.orig).__name__} {sqlstate(error) or ''}".strip()
    return type(error).__name__


def sqlstate(error: DBAPIError) -> str | None:
    """PostgreSQL's code of the error."""
    return getattr(error.orig, "sqlstate", None)


def _raise_if_lost(error: Exception) -> None:
    """Raise when the connection or the whole transaction is lost, not this row alone."""
    if isinstance(error, DBAPIError) and (
        error.connection_invalidated or sqlstate(error) in SERIALISATION_FAILURES
    ):
        raise error
