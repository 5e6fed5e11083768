"""The hourly sweep: what changed in Shopify since the last one, held against what we know.

The invariant: the mark moves with each page and past nothing that was not looked at, so that a
sweep that dies or is late begins again where the last whole page ended.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.orm import Session

from loyalty.base import faults
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.reconciliation import recording
from loyalty.shops import directory
from shopify_app.platform import backfill_runs as runs
from shopify_app.platform import client
from shopify_app.platform.backfill.paging import end_cursor
from shopify_app.platform.payloads.reading import moment, object_at, objects_at
from shopify_app.platform.reconciling import customers, orders

log = structlog.get_logger()

GRACE = timedelta(minutes=10)
"""A webhook may still be on its way: what changed a moment ago is left to the next sweep."""
OVERLAP = timedelta(minutes=10)
"""Shopify's search learns of a change a while later, so each sweep looks a little further back."""
_TURN_S = 30.0
Node = dict[str, Any]
Look = Callable[[int, list[Node]], int]
_SUBJECTS: tuple[tuple[str, str, Look], ...] = (
    # Customers first: whose an order is must be known.
    ("customers", "customers_updated", customers.look),
    ("orders", "orders_updated", orders.look),
)


@dataclass(frozen=True, slots=True)
class _Window:
    since: datetime
    until: datetime

    def query(self) -> str:
        """Shopify's search for what was changed in it."""
        return f"updated_at:>='{_text(self.since)}' AND updated_at:<'{_text(self.until)}'"


def run(shop_id: int) -> None:
    """Sweep the shop until now; what takes longer than a turn is asked for again. Commits."""
    if not sweep(shop_id, now=utc_now(), for_s=_TURN_S):
        with shop_transaction(shop_id) as session:
            runs.ask_for_sweep(session, shop_id, now=utc_now())


def sweep(shop_id: int, *, now: datetime, for_s: float = 3_600) -> bool:
    """Look through what changed until GRACE before `now`; whether `for_s` was enough. Commits.

    Raises ShopifyError; what was seen by then is seen.
    """
    ends_at = time.monotonic() + for_s
    return all(_sweep_one(shop_id, *one, now=now, ends_at=ends_at) for one in _SUBJECTS)


def _sweep_one(
    shop_id: int, subject: str, document: str, look: Look, *, now: datetime, ends_at: float
) -> bool:
    with shop_transaction(shop_id) as session:
        window = _window(session, shop_id, subject, now)
    if window.since >= window.until:
        return True
    looked_at = found = 0
    is_through = False
    for nodes, is_last in _pages(shop_id, document, subject, window.query()):
        found += look(shop_id, nodes)
        looked_at += len(nodes)
        is_through = is_last
        # Of two changed in one second one may stand on the next page: that second is read again.
        mark = window.until if is_last else moment(nodes[-1], "updatedAt") + OVERLAP
        with shop_transaction(shop_id) as session:
            recording.set_mark(session, shop_id, subject, mark)
        faults.point("page_swept", shop=shop_id, subject=subject)
        if time.monotonic() > ends_at:
            break
    with shop_transaction(shop_id) as session:
        recording.report(
            session,
            shop_id,
            subject,
            looked_at=looked_at,
            found=found,
            started_at=now,
            now=max(utc_now(), now),
        )
    log.info("shop_swept", shop=shop_id, subject=subject, looked_at=looked_at, found=found)
    return is_through


def _window(session: Session, shop_id: int, subject: str, now: datetime) -> _Window:
    """From the last mark, a little overlapped; what was before the install is history."""
    mark = recording.seen_until(session, shop_id, subject)
    installed_at = directory.get_shop(session, shop_id).installed_at.replace(microsecond=0)
    since = max(installed_at, mark - OVERLAP) if mark else installed_at
    return _Window(since, now - GRACE)


def _pages(
    shop_id: int, document: str, field: str, query: str
) -> Iterator[tuple[list[Node], bool]]:
    """Pages of nodes, oldest change first, each with whether it is the last."""
    after: str | None = None
    while True:
        data = client.execute(shop_id, document, {"query": query, "after": after})
        connection = object_at(data, field)
        after = end_cursor(connection)
        yield list(objects_at(connection, "nodes")), after is None
        if after is None:
            return


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
