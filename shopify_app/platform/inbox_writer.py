"""Group commit: one request writes what all have handed in, and wakes those that it wrote.

A request gets its answer only after the commit that holds its row, so 200 means stored.
"""

import os
import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Engine

from loyalty.base import db, faults
from shopify_app.platform.bell_ringer import BellRinger
from shopify_app.platform.inbox_insert import Arrival, InboxConnection

log = structlog.get_logger()

BATCH_MAX = 200
# Shopify hangs up after five seconds.
TIMEOUT_S = 4.0


class NotStored(Exception):
    """The delivery was not committed, or not in time."""


def _asleep() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(slots=True, eq=False)
class _Waiting:
    """An arrival whose request sleeps until it is settled, or until it must lead.

    `error` names what kept it from being stored.
    """

    arrival: Arrival
    sleep: threading.Lock = field(default_factory=_asleep)
    is_settled: bool = False
    must_lead: bool = False
    error: str | None = None


class InboxWriter:
    """Writes new inbox rows over one connection. Who comes while nobody writes, leads: it writes
    for all that wait, and names its successor.

    It has no thread of its own: handing each row to one and back cost more than the insert.
    """

    def __init__(self, conninfo: str) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._is_led = False
        self._changing = threading.Lock()
        self._inbox = InboxConnection(conninfo)
        self._ringer = BellRinger("inbox")

    def store(self, arrival: Arrival) -> None:
        """Return once `arrival` is committed (or was there before); else raise NotStored."""
        mine = _Waiting(arrival)
        with self._changing:
            self._waiting.append(mine)
            mine.must_lead, self._is_led = not self._is_led, True
        if not mine.must_lead and not mine.sleep.acquire(timeout=TIMEOUT_S):
            self._give_up(mine)
        if mine.must_lead:
            self._lead()
        if mine.error is not None:
            raise NotStored(mine.error)

    def _give_up(self, mine: _Waiting) -> None:
        """Nobody came for `mine` in time, unless somebody just did."""
        with self._changing:
            if mine.is_settled or mine.must_lead:
                return
            if mine in self._waiting:
                self._waiting.remove(mine)
        # If it is just being written: sent again, it is known by its id.
        raise NotStored("not committed in time")

    def _lead(self) -> None:
        """Write a batch that starts with the leader's own, then hand over."""
        with self._changing:
            count = min(BATCH_MAX, len(self._waiting))
            batch = [self._waiting.popleft() for _ in range(count)]
        try:
            by_shop: dict[int, list[_Waiting]] = defaultdict(list)
            for one in batch:
                by_shop[one.arrival.shop_id].append(one)
            for shop_id, rows in by_shop.items():
                self._write(shop_id, rows)
        finally:
            self._hand_over()

    def _hand_over(self) -> None:
        with self._changing:
            self._is_led = bool(self._waiting)
            if self._is_led:
                self._waiting[0].must_lead = True
                self._waiting[0].sleep.release()

    def _write(self, shop_id: int, batch: list[_Waiting]) -> None:
        error = None
        try:
            self._inbox.insert(shop_id, [one.arrival for one in batch])
            faults.point("inbox_row_committed", shop=shop_id, rows=len(batch))
        except Exception as failure:
            # Each of them must be told, whatever it was.
            error = type(failure).__name__
            log.warning("inbox_batch_failed", shop=shop_id, rows=len(batch), error=error)
        for one in batch:
            one.error, one.is_settled = error, True
            if not one.must_lead:
                one.sleep.release()
        if error is None:
            self._ringer.ring(shop_id)


_writer: tuple[int, Engine, InboxWriter] | None = None
_writer_lock = threading.Lock()


def of_this_process() -> InboxWriter:
    """The writer of this process and database: a connection must not survive a fork."""
    global _writer
    pid, engine, found = os.getpid(), db.engine(), _writer
    if found is None or found[0] != pid or found[1] is not engine:
        with _writer_lock:
            if _writer is found:
                _writer = (pid, engine, InboxWriter(_conninfo(engine)))
            found = _writer
    assert found is not None
    return found[2]


def _conninfo(engine: Engine) -> str:
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
