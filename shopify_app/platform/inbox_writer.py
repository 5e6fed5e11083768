"""Group commit: requests take turns, and a turn writes what all have handed in, shop by shop.

A request gets its answer only after the commit that holds its row, so 200 means stored.
"""

import os
import threading
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
import structlog
from sqlalchemy import Engine

from loyalty.base import db, faults
from loyalty.base.ids import new_id
from shopify_app.platform.bell_ringer import BellRinger

log = structlog.get_logger()

BATCH_MAX = 200
# Shopify hangs up after five seconds.
TIMEOUT_S = 4.0
_STATEMENT_TIMEOUT_MS = 3500

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


@dataclass(slots=True)
class _Waiting:
    """An arrival whose request waits; `error` names what kept it from being stored."""

    arrival: Arrival
    is_settled: bool = False
    error: str | None = None


class InboxWriter:
    """Writes new inbox rows over one connection. Requests take turns; a turn writes for all.

    It has no thread of its own: handing each row to one and back cost more than the insert.
    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._waiting: deque[_Waiting] = deque()
        self._turn = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None
        self._ringer = BellRinger("inbox")

    def store(self, arrival: Arrival) -> None:
        """Return once `arrival` is committed (or was there before); else raise NotStored."""
        mine = _Waiting(arrival)
        self._waiting.append(mine)
        if not self._turn.acquire(timeout=TIMEOUT_S):
            # A later turn may still write it: sent again, it is known by its id.
            raise NotStored("not committed in time")
        try:
            while not mine.is_settled:
                self._write_a_batch()
        finally:
            self._turn.release()
        if mine.error is not None:
            raise NotStored(mine.error)

    def _write_a_batch(self) -> None:
        by_shop: dict[int, list[_Waiting]] = defaultdict(list)
        for _ in range(min(BATCH_MAX, len(self._waiting))):
            one = self._waiting.popleft()
            by_shop[one.arrival.shop_id].append(one)
        for shop_id, batch in by_shop.items():
            self._write(shop_id, batch)

    def _write(self, shop_id: int, batch: list[_Waiting]) -> None:
        error = None
        try:
            self._insert(shop_id, [one.arrival for one in batch])
            faults.point("inbox_row_committed", shop=shop_id, rows=len(batch))
        except Exception as failure:
            # Each of them must be told, whatever it was.
            error = type(failure).__name__
            log.warning("inbox_batch_failed", shop=shop_id, rows=len(batch), error=error)
        for one in batch:
            one.is_settled, one.error = True, error
        if error is None:
            self._ringer.ring(shop_id)

    def _insert(self, shop_id: int, arrivals: list[Arrival]) -> None:
        """One transaction in one round trip; a connection that broke while idle is opened anew."""
        was_open = self._connection is not None and not self._connection.closed
        try:
            self._insert_once(shop_id, arrivals)
        except psycopg.OperationalError as error:
            if not was_open or isinstance(error, psycopg.errors.QueryCanceled):
                raise
            self._insert_once(shop_id, arrivals)

    def _insert_once(self, shop_id: int, arrivals: list[Arrival]) -> None:
        connection = self._open()
        try:
            with connection.pipeline():
                connection.execute("BEGIN")
                # A literal, never set_config(): Citus carries only literals to its workers.
                connection.execute(f"SET LOCAL encore.shop = '{int(shop_id)}'".encode())
                connection.execute(_INSERT, [shop_id, *_columns(arrivals)], prepare=True)
                connection.execute("COMMIT")
        except BaseException:
            # Whatever state it is in, the next batch must not inherit it.
            connection.close()
            raise

    def _open(self) -> "psycopg.Connection[Any]":
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._conninfo,
                autocommit=True,
                connect_timeout=2,
                options=f"-c statement_timeout={_STATEMENT_TIMEOUT_MS}",
            )
        return self._connection


def _columns(arrivals: list[Arrival]) -> list[list[Any]]:
    """The arrivals column by column, as _INSERT takes them."""
    names = (
        *("webhook_id", "event_id", "topic", "api_version"),
        *("triggered_at", "received_at", "body"),
    )
    ids = [new_id() for _ in arrivals]
    return [ids, *([getattr(arrival, name) for arrival in arrivals] for name in names)]


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
