"""Group commit: one thread per process writes what all requests hand it, a transaction per shop.

A request gets its answer only after the commit that holds its row, so 200 means stored.
"""

import os
import queue
import threading
from collections import defaultdict
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
import structlog

from loyalty.base import db, faults
from loyalty.base.ids import new_id
from shopify_app.platform.bell_ringer import BellRinger

log = structlog.get_logger()

BATCH_MAX = 200
# Shopify hangs up after five seconds.
TIMEOUT_S = 4.0

_INSERT: LiteralString = """
INSERT INTO inbox_row (shop_id, id, webhook_id, event_id, topic, api_version, triggered_at,
                       received_at, body, state, attempts, next_at)
SELECT %b, id, webhook_id, event_id, topic, api_version, triggered_at, received_at, body,
       'new', 0, received_at
FROM unnest(%b::uuid[], %b::text[], %b::text[], %b::text[], %b::text[], %b::timestamptz[],
            %b::timestamptz[], %b::bytea[])
     AS arrived (id, webhook_id, event_id, topic, api_version, triggered_at, received_at, body)
ON CONFLICT DO NOTHING
"""


class NotStored(Exception):
    """The delivery was not committed, or not in time."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A delivery as it came, for a shop that we know."""

    shop_id: int
    webhook_id: str
    event_id: str | None
    topic: str
    api_version: str | None
    triggered_at: datetime | None
    received_at: datetime
    body: bytes


_Waiting = tuple[Arrival, "Future[None]"]


class InboxWriter:
    """The only writer of new inbox rows in its process."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._queue: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        self._connection: psycopg.Connection[Any] | None = None
        self._ringer = BellRinger("inbox")
        threading.Thread(target=self._run, name="inbox-writer", daemon=True).start()

    def store(self, arrival: Arrival) -> None:
        """Return once `arrival` is committed (or was there before); else raise NotStored."""
        done: Future[None] = Future()
        self._queue.put((arrival, done))
        try:
            done.result(timeout=TIMEOUT_S)
        except FutureTimeout as error:
            raise NotStored("not committed in time") from error

    def _run(self) -> None:
        while True:
            by_shop: dict[int, list[_Waiting]] = defaultdict(list)
            for waiting in self._take_batch():
                by_shop[waiting[0].shop_id].append(waiting)
            for shop_id, batch in by_shop.items():
                self._write(shop_id, batch)

    def _take_batch(self) -> list[_Waiting]:
        batch = [self._queue.get()]
        while len(batch) < BATCH_MAX:
            try:
                batch.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return batch

    def _write(self, shop_id: int, batch: list[_Waiting]) -> None:
        try:
            self._insert(shop_id, [arrival for arrival, _ in batch])
        except Exception as error:
            name = type(error).__name__
            log.warning("inbox_batch_failed", shop=shop_id, rows=len(batch), error=name)
            for _, done in batch:
                done.set_exception(NotStored(name))
            return
        faults.point("inbox_row_committed", shop=shop_id, rows=len(batch))
        for _, done in batch:
            done.set_result(None)
        self._ringer.ring(shop_id)

    def _insert(self, shop_id: int, arrivals: list[Arrival]) -> None:
        """One transaction in one round trip; a connection that broke while idle is opened anew."""
        try:
            self._insert_once(shop_id, arrivals)
        except psycopg.OperationalError:
            self._insert_once(shop_id, arrivals)

    def _insert_once(self, shop_id: int, arrivals: list[Arrival]) -> None:
        connection = self._open()
        columns = [
            [getattr(arrival, name) for arrival in arrivals]
            for name in ("webhook_id", "event_id", "topic", "api_version")
        ]
        times = [[a.triggered_at for a in arrivals], [a.received_at for a in arrivals]]
        try:
            with connection.pipeline():
                connection.execute("BEGIN")
                # A literal, never set_config(): Citus carries only literals to its workers.
                connection.execute(f"SET LOCAL encore.shop = '{int(shop_id)}'".encode())
                connection.execute(
                    _INSERT,
                    [
                        shop_id,
                        [new_id() for _ in arrivals],
                        *columns,
                        *times,
                        [arrival.body for arrival in arrivals],
                    ],
                    prepare=True,
                )
                connection.execute("COMMIT")
        except BaseException:
            # Whatever state it is in, the next batch must not inherit it.
            connection.close()
            raise

    def _open(self) -> "psycopg.Connection[Any]":
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._conninfo, autocommit=True, connect_timeout=3)
        return self._connection


_writer: tuple[int, str, InboxWriter] | None = None
_writer_lock = threading.Lock()


def of_this_process() -> InboxWriter:
    """The writer of this process and database: threads do not survive the fork of a web worker."""
    global _writer
    pid, conninfo = os.getpid(), _conninfo()
    with _writer_lock:
        if _writer is None or _writer[:2] != (pid, conninfo):
            _writer = (pid, conninfo, InboxWriter(conninfo))
        return _writer[2]


def _conninfo() -> str:
    url = db.engine().url.set(drivername="postgresql")
    return url.render_as_string(hide_password=False)
