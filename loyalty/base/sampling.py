"""Counts over any number of members, within a time that somebody waits for a page.

The invariant: whoever is asked is of a slice by chance, so that the figures of a part stand for
the whole; and what cannot be told in time is said to be so, and never a failure of the database.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from uuid import UUID

from psycopg.errors import QueryCanceled
from sqlalchemy import BigInteger, ColumnElement, Select, func, literal, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from loyalty.base.errors import CountTooSlow

BATCH = 10_000
"""So many are asked at once."""
LOOKED_AT_MAX = 50_000
"""So many are asked at most: what they say is within half a percent of what all would say."""
WITHIN_S = 10.0
_POSITIVE = 2**63 - 1

Counts = Counter[tuple[str, str]]
Ask = Callable[[Sequence[UUID]], Counts]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sample:
    """`looked_at` of `total` were asked, and `counts` is what came of it."""

    total: int
    looked_at: int
    counts: Counts

    @property
    def is_whole(self) -> bool:
        """Whether all were asked."""
        return self.looked_at >= self.total

    def of_all(self) -> Counts:
        """The counts as they would be of all: as they are, or estimated."""
        if self.is_whole or not self.looked_at:
            return self.counts
        share = (self.total, self.looked_at)
        return Counter({key: _scaled(count, *share) for key, count in self.counts.items()})


def sample(
    session: Session,
    ids: Select[UUID],
    ask: Ask,
    *,
    looks_at_most: int = LOOKED_AT_MAX,
    within_s: float | None = None,
) -> Sample:
    """`ask` all of `ids`, a column of ids that are each there once, or as many as time allows.

    Slice by slice, each its own savepoint, for WITHIN_S unless told otherwise. Raises CountTooSlow
    where none was answered in time.
    """
    ends_at = time.monotonic() + (WITHIN_S if within_s is None else within_s)
    column = ids.subquery("meant").columns[0]
    total = _within(session, ends_at, lambda: session.scalar(select(func.count(column))) or 0)
    if total is None:
        raise CountTooSlow
    slices = max(1, math.ceil(total / min(BATCH, looks_at_most)))
    looked_at, counts = 0, Counts()
    for number in range(slices):
        if looked_at >= looks_at_most:
            break
        asking = partial(_ask, session, column, slices, number, ask)
        asked = _within(session, ends_at, asking)
        if asked is None:
            break
        looked_at += asked[0]
        counts.update(asked[1])
    if total and not looked_at:
        raise CountTooSlow
    # Somebody may have joined between two statements.
    return Sample(max(total, looked_at), looked_at, counts)


def _ask(
    session: Session, column: ColumnElement[UUID], slices: int, number: int, ask: Ask
) -> tuple[int, Counts]:
    statement = select(column)
    if slices > 1:
        statement = statement.where(_slice_of(column, slices) == number)
    members = list(session.scalars(statement))
    return len(members), ask(members) if members else Counts()


def _slice_of(column: ColumnElement[UUID], slices: int) -> ColumnElement[int]:
    """Which slice an id is of: by its hash, for the ids themselves are in the order of joining."""
    hashed = func.uuid_hash_extended(column, literal(0, BigInteger), type_=BigInteger)
    positive = hashed.bitwise_and(literal(_POSITIVE, BigInteger))
    return func.mod(positive, literal(slices, BigInteger), type_=BigInteger)


def _within(session: Session, ends_at: float, do: Callable[[], T]) -> T | None:
    """What it gives; None when the time is over, with the transaction as it was before."""
    left_ms = int((ends_at - time.monotonic()) * 1000)
    if left_ms <= 0:
        return None
    try:
        with session.begin_nested():
            session.execute(text(f"SET LOCAL statement_timeout = {left_ms}"))
            found = do()
            session.execute(text("SET LOCAL statement_timeout = DEFAULT"))
            return found
    except OperationalError as error:
        if isinstance(error.orig, QueryCanceled):
            return None
        raise


def _scaled(count: int, total: int, looked_at: int) -> int:
    return (2 * count * total + looked_at) // (2 * looked_at)
