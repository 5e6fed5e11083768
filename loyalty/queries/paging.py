"""Keyset cursors: where a page ends, as an opaque text that a forged one cannot harm."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

Row = TypeVar("Row")
_NUMBER_MAX = 2**62


@dataclass(frozen=True, slots=True)
class Batch(Generic[Row]):
    """Rows of a list, and the cursor of those that follow: None at the end."""

    rows: Sequence[Row]
    next: str | None


def batch_of(
    found: Sequence[Row], limit: int, place: Callable[[Row], tuple[Any, ...]]
) -> Batch[Row]:
    """At most `limit` of `found`, where one more says that others follow."""
    rows = found[:limit]
    more = len(found) > limit
    return Batch(rows, encode(*place(rows[-1])) if more else None)


def newest_first(
    session: Session,
    statement: Select[Row],
    at: InstrumentedAttribute[datetime],
    row_id: InstrumentedAttribute[UUID],
    *,
    limit: int,
    after: str | None,
) -> Batch[Row]:
    """A batch of `statement`, by its time and id; a foreign cursor begins at the newest."""
    cursor = decode(after, datetime, UUID)
    if cursor is not None:
        statement = statement.where(tuple_(at, row_id) < tuple_(*cursor))
    ordered = statement.order_by(at.desc(), row_id.desc())
    found = session.scalars(ordered.limit(limit + 1)).all()
    return batch_of(found, limit, lambda row: (getattr(row, at.key), getattr(row, row_id.key)))


def encode(*values: Any) -> str:
    """An opaque cursor for the sort values of a page's last row."""
    plain = [v.isoformat() if isinstance(v, date) else str(v) for v in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def decode(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """The values of a cursor, each of its kind; None for a missing or foreign one."""
    if not cursor:
        return None
    try:
        texts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return tuple(_parse(kind, text) for kind, text in zip(kinds, texts, strict=True))
    except (ValueError, TypeError, binascii.Error):
        return None


def _parse(kind: Any, text: str) -> Any:
    if kind in (datetime, date):
        return kind.fromisoformat(text)
    if "\0" in text or (kind is int and abs(int(text)) > _NUMBER_MAX):
        raise ValueError("nothing that the database could compare")
    return UUID(text) if kind is UUID else kind(text)
