"""A run's scores on their way into the database: a table of the transaction's own, by binary COPY.

The invariant: every row is as long as every other, so that numpy lays out a whole batch at once;
what is not known travels as a number that nothing is, and leaves as null.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import UUID as SqlUuid
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    Select,
    SmallInteger,
    case,
    cast,
    column,
    func,
    literal,
    select,
    table,
    text,
)
from sqlalchemy.orm import Session

from loyalty.insights.frequencies import EPOCH, day_number
from loyalty.insights.model import Scores
from loyalty.insights.tables import BANDS

Scored = Iterable[tuple[NDArray[np.bytes_], Scores]]
"""Members by id, 16 bytes each, with their scores; batch by batch."""

_NONE, _NO_DAY = -1, -(2**31)
_SMALL, _INT, _BIG, _ID = SmallInteger(), Integer(), BigInteger(), SqlUuid()
_TYPES: dict[str, Any] = {
    "member_id": _ID,
    "band": _SMALL,
    "p_return_ppm": _INT,
    "ltv_minor": _BIG,
    "expected_orders_milli": _BIG,
    "orders": _INT,
    "last_order_on": _INT,
    "gap_days": _INT,
    "r": _SMALL,
    "f": _SMALL,
    "m": _SMALL,
    "health": _SMALL,
    "health_rfm": _SMALL,
    "health_return": _SMALL,
    "health_engagement": _SMALL,
}
_KINDS = {
    _ID: np.dtype("S16"),
    _SMALL: np.dtype(">i2"),
    _INT: np.dtype(">i4"),
    _BIG: np.dtype(">i8"),
}
_HEALTH = ("health", "health_rfm", "health_return", "health_engagement")
_OPEN = ("p_return_ppm", "ltv_minor", "expected_orders_milli", *_HEALTH)
# https://www.postgresql.org/docs/18/sql-copy.html, Binary Format (read 2026-11-22)
_BEGIN, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"

FRESH = table("fresh", *(column(name, kind) for name, kind in _TYPES.items()))
"""The rows as they travelled."""


def copy_rows(session: Session, scored: Scored, as_of: date) -> None:
    """Make FRESH of these scores; it is dropped with the transaction."""
    columns = ", ".join(f"{name} {kind.compile()}" for name, kind in _TYPES.items())
    session.execute(text("DROP TABLE IF EXISTS pg_temp.fresh"))
    session.execute(text(f"CREATE TEMPORARY TABLE fresh ({columns}) ON COMMIT DROP"))
    connection: Any = session.connection().connection.driver_connection
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY pg_temp.fresh FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.write(_BEGIN)
        for ids, scores in scored:
            copy.write(_rows(ids, scores, day_number(as_of)))
        copy.write(_END)
    session.execute(text("ANALYZE pg_temp.fresh"))


def select_scores(*, is_calibrated: bool) -> Select[Any]:
    """The rows as loyalty.insights.tables.MemberInsight has them, without the shop."""
    words = ((FRESH.c.band == number, word) for number, word in enumerate(BANDS))
    meant: dict[str, ColumnElement[Any]] = {
        **dict(FRESH.c),
        **{name: func.nullif(FRESH.c[name], _NONE) for name in _OPEN},
        "band": case(*words),
        "is_calibrated": literal(is_calibrated),
        "last_order_on": cast(
            literal(EPOCH, Date) + func.nullif(FRESH.c.last_order_on, _NO_DAY, type_=Integer), Date
        ),
    }
    return select(*(how.label(name) for name, how in meant.items()))


def _rows(ids: NDArray[np.bytes_], scores: Scores, today: int) -> bytes:
    """The rows as COPY reads them: how many fields, then each behind its length."""
    layout: list[tuple[str, Any]] = [("fields", ">i2")]
    for name, kind in _TYPES.items():
        layout += [(f"{name}_length", ">i4"), (name, _KINDS[kind])]
    rows = np.zeros(len(ids), np.dtype(layout))
    rows["fields"] = len(_TYPES)
    for name, values in _values(ids, scores, today).items():
        rows[f"{name}_length"] = _KINDS[_TYPES[name]].itemsize
        rows[name] = values
    return rows.tobytes()


def _values(ids: NDArray[np.bytes_], scores: Scores, today: int) -> dict[str, NDArray[Any]]:
    has_p, has_ltv, has_health = scores.has_p_return, scores.has_ltv, scores.has_health
    found = {
        "member_id": ids,
        "band": scores.band,
        "p_return_ppm": np.where(has_p, np.rint(scores.p_return * 1e6), _NONE),
        "ltv_minor": np.where(has_ltv, scores.ltv_minor, _NONE),
        "expected_orders_milli": np.where(has_ltv, np.rint(scores.expected_orders * 1e3), _NONE),
        "orders": scores.orders,
        "last_order_on": np.where(scores.orders > 0, today - scores.last_days_ago, _NO_DAY),
        "gap_days": np.rint(scores.gap_days),
        **{name: getattr(scores, name) for name in ("r", "f", "m")},
        **{name: np.where(has_health, getattr(scores, name), _NONE) for name in _HEALTH},
    }
    assert found.keys() == _TYPES.keys()
    return found
