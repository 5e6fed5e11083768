"""The lease of one run: renewed while a step works on it, by a thread that dies with the process.

The invariant: a lease that was taken over or asked for anew is never renewed, and who has lost it
stops before the next thing it would do.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import update

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from shopify_app.platform.tables import BackfillRun

log = structlog.get_logger()

LASTS = timedelta(seconds=60)
EVERY_S = 15.0


class LeaseLost(Exception):
    """Somebody else works on the run by now."""


class Lease:
    """Until when nobody else works on the run; `ends_at` is what stands in its row."""

    def __init__(self, shop_id: int, run_id: UUID, ends_at: datetime) -> None:
        self.ends_at = ends_at
        self._shop_id, self._run_id = shop_id, run_id
        self._lock = threading.Lock()

    def hold(self) -> None:
        """Renew it, in a transaction of its own; raises LeaseLost."""
        with self._lock, shop_transaction(self._shop_id) as session:
            ends_at = utc_now() + LASTS
            renewed = session.execute(
                update(BackfillRun)
                .where(
                    BackfillRun.shop_id == self._shop_id,
                    BackfillRun.id == self._run_id,
                    BackfillRun.next_at == self.ends_at,
                )
                .values(next_at=ends_at)
                .returning(BackfillRun.id)
            ).first()
            if renewed is None:
                raise LeaseLost(str(self._run_id))
            self.ends_at = ends_at

    @contextmanager
    def held(self) -> Iterator[None]:
        """Renew it every now and then until the block ends; not inside a transaction."""
        is_over = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(is_over,), daemon=True)
        keeper.start()
        try:
            yield
        finally:
            is_over.set()
            keeper.join()

    def _keep(self, is_over: threading.Event) -> None:
        while not is_over.wait(EVERY_S):
            try:
                self.hold()
            except LeaseLost:
                return
            except Exception as error:
                # A database that is away a moment: the lease is longer than that.
                log.warning("lease_not_renewed", shop=self._shop_id, reason=type(error).__name__)
