"""New inbox rows of one shop in one transaction, spoken with libpq directly.

Three calls a batch: psycopg's cursors, pipeline and array dumpers took three times the processor
time of all that; see docs/decisions. Nothing is stored unless `insert` returns.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

from loyalty.base.ids import new_id

APPLICATION_NAME = "encore-inbox"
_STATEMENT_TIMEOUT_MS = 3500
# A server that is silent for five seconds, to the kernel's own questions too, is gone.
_SILENCE: dict[str, Any] = {
    "tcp_user_timeout": 5000,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
}

_INSERT = b"""
INSERT INTO inbox_row (shop_id, id, webhook_id, event_id, topic, api_version, triggered_at,
                       received_at, body, state, attempts, next_at)
SELECT $1, id, webhook_id, event_id, topic, api_version, triggered_at, received_at, body,
       'new', 0, received_at
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
            $8::timestamptz[], $9::bytea[])
     AS arrived (id, webhook_id, event_id, topic, api_version, triggered_at, received_at, body)
ON CONFLICT DO NOTHING
"""
# Numbers of PostgreSQL's own types, the same everywhere (pg_type.dat).
_BIGINT, _UUID, _TEXT, _TIMESTAMPTZ, _BYTEA = 20, 2950, 25, 1184, 17
_BINARY = [Format.BINARY] * 9
_EPOCH, _MICROSECOND = datetime(2000, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


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


class InboxConnection:
    """One connection for one thread at a time; opened when needed, anew after every failure."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.Connection[Any] | None = None

    def insert(self, shop_id: int, arrivals: list[Arrival]) -> None:
        """Commit a row for each of `arrivals` that is not there yet; else raise psycopg.Error."""
        was_open = self._connection is not None and not self._connection.closed
        try:
            self._insert_once(shop_id, arrivals)
        except psycopg.OperationalError as error:
            # One that broke while it was idle is opened anew.
            if not was_open or isinstance(error, psycopg.errors.QueryCanceled):
                raise
            self._insert_once(shop_id, arrivals)

    def _insert_once(self, shop_id: int, arrivals: list[Arrival]) -> None:
        values = [_bigint(shop_id), *_columns(arrivals)]
        connection = self._open()
        pgconn = connection.pgconn
        try:
            # A literal, never set_config(): Citus carries only literals to its workers.
            begin = f"BEGIN; SET LOCAL encore.shop = '{int(shop_id)}'"
            _check(pgconn, pgconn.exec_(begin.encode()))
            _check(pgconn, pgconn.exec_prepared(b"insert", values, _BINARY))
            _check(pgconn, pgconn.exec_(b"COMMIT"))
        except BaseException:
            # Whatever state it is in, the next batch must not inherit it.
            connection.close()
            raise

    def _open(self) -> "psycopg.Connection[Any]":
        if self._connection is None or self._connection.closed:
            connection = psycopg.connect(
                self._conninfo,
                autocommit=True,
                connect_timeout=2,
                client_encoding="utf8",
                application_name=APPLICATION_NAME,
                options=f"-c statement_timeout={_STATEMENT_TIMEOUT_MS}",
                **_SILENCE,
            )
            pgconn = connection.pgconn
            _check(pgconn, pgconn.prepare(b"insert", _INSERT, [_BIGINT]))
            self._connection = connection
        return self._connection


def _check(pgconn: PGconn, result: PGresult) -> None:
    if result.status == ExecStatus.COMMAND_OK:
        return
    if pgconn.status == ConnStatus.BAD:
        raise psycopg.OperationalError("the connection is lost")
    raise psycopg.errors.error_from_result(result)


def _columns(arrivals: list[Arrival]) -> list[bytes]:
    """The arrivals column by column, as _INSERT takes them, in PostgreSQL's binary format."""
    return [
        _array(_UUID, (new_id().bytes for _ in arrivals)),
        _array(_TEXT, (_text(each.webhook_id) for each in arrivals)),
        _array(_TEXT, (_text(each.event_id) for each in arrivals)),
        _array(_TEXT, (_text(each.topic) for each in arrivals)),
        _array(_TEXT, (_text(each.api_version) for each in arrivals)),
        _array(_TIMESTAMPTZ, (_moment(each.triggered_at) for each in arrivals)),
        _array(_TIMESTAMPTZ, (_moment(each.received_at) for each in arrivals)),
        _array(_BYTEA, (each.body for each in arrivals)),
    ]


def _array(oid: int, values: Iterable[bytes | None]) -> bytes:
    """One dimension, counted from 1: its head, then each value after its length (-1 is NULL)."""
    parts, count = [b""], 0
    for value in values:
        count += 1
        if value is None:
            parts.append(b"\xff\xff\xff\xff")
        else:
            parts += (struct.pack("!i", len(value)), value)
    parts[0] = struct.pack("!iiIii", 1, 1, oid, count, 1)
    return b"".join(parts)


def _text(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def _moment(moment: datetime | None) -> bytes | None:
    return None if moment is None else _bigint((moment - _EPOCH) // _MICROSECOND)


def _bigint(number: int) -> bytes:
    return struct.pack("!q", number)
