"""Orders as the models need them: when a member came, and what they spent, by day.

Whatever cannot be true is left out and counted. Days count from 1970-01-01 in the shop's zone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

EPOCH = date(1970, 1, 1)
VALUE_MINOR_MAX = 10**15
"""An order of more is a slip of the keyboard, and a few of them no longer fit into 64 bits."""


class Excluded(StrEnum):
    """Why an order, or its amount, is left out.

    `future`, `before_1970`, `negative` and `too_large` leave out the order. `foreign_currency`
    leaves out the amount and keeps the visit. `same_day` orders are one order of their sum.
    """

    FUTURE = "future"
    ANCIENT = "before_1970"
    NEGATIVE = "negative"
    TOO_LARGE = "too_large"
    FOREIGN = "foreign_currency"
    SAME_DAY = "same_day"


@dataclass(frozen=True, slots=True)
class OrderRows:
    """Orders of a batch of members, one row each. Rows sorted by member and day are read faster.

    `member` is the member's number in the batch, from 0; `is_foreign`: in another currency than
    the shop's present one.
    """

    member: NDArray[np.int64]
    day: NDArray[np.int32]
    value_minor: NDArray[np.int64]
    is_foreign: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Histories:
    """Order days of members: distinct, ascending, none after `as_of`.

    Member n has the rows from `starts[n]` up to `starts[n + 1]`; where `is_valued` is false the
    amount is 0 and says nothing.
    """

    as_of: int
    starts: NDArray[np.int64]
    days: NDArray[np.int32]
    values_minor: NDArray[np.int64]
    is_valued: NDArray[np.bool_]
    excluded: dict[Excluded, int]

    @property
    def members(self) -> int:
        """How many members, those without an order among them."""
        return len(self.starts) - 1

    @property
    def counts(self) -> NDArray[np.int64]:
        """Order days by member."""
        return np.diff(self.starts)

    def only(self, members: NDArray[np.int64]) -> "Histories":
        """Those members, numbered anew in that order. What was excluded stays with the whole."""
        counts = self.counts[members]
        starts = np.concatenate(([0], np.cumsum(counts)))
        rows = np.repeat(self.starts[members] - starts[:-1], counts) + np.arange(starts[-1])
        return Histories(
            self.as_of, starts, self.days[rows], self.values_minor[rows], self.is_valued[rows], {}
        )

    def counts_until(self, day: int) -> NDArray[np.int64]:
        """Order days by member up to `day` and with it."""
        return _summed(self.starts, self.days <= day)

    def gaps(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Days between orders of the same member, and the member of each."""
        owner = np.repeat(np.arange(self.members), self.counts)
        is_gap = owner[1:] == owner[:-1]
        return np.diff(self.days).astype(np.int64)[is_gap], owner[1:][is_gap]


@dataclass(frozen=True, slots=True)
class Summaries:
    """What the models know of each member, as of one day.

    `order_days` is x + 1, or 0 for whoever has not ordered; `t_x` the days from the first order
    to the last; `age` (T) those from the first to the day of the look. `mean_minor` (m) is the
    mean over `valued_days`, 0 where there is none; `gap_days` the member's median gap, 0 with
    fewer than two orders.
    """

    order_days: NDArray[np.int32]
    t_x: NDArray[np.int32]
    age: NDArray[np.int32]
    valued_days: NDArray[np.int32]
    mean_minor: NDArray[np.float64]
    gap_days: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.order_days)

    @property
    def has_ordered(self) -> NDArray[np.bool_]:
        """Whoever has not is New, and no model speaks of them."""
        return self.order_days > 0

    @property
    def x(self) -> NDArray[np.int32]:
        """Distinct later order days."""
        return np.maximum(self.order_days - 1, 0)

    @property
    def recency(self) -> NDArray[np.int32]:
        """Days since the last order."""
        return self.age - self.t_x

    def where(self, chosen: NDArray[np.bool_]) -> "Summaries":
        """Those members, in their order."""
        return Summaries(*(column[chosen] for column in self._columns()))

    def part(self, start: int, end: int) -> "Summaries":
        """The members from `start` up to `end`."""
        return Summaries(*(column[start:end] for column in self._columns()))

    def _columns(self) -> Sequence[NDArray]:
        return [getattr(self, name) for name in _COLUMNS]


_COLUMNS = ("order_days", "t_x", "age", "valued_days", "mean_minor", "gap_days")


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def read(rows: OrderRows, *, members: int, as_of: date) -> Histories:
    """The clean histories of a batch of `members`, as of the end of the day `as_of`."""
    today = day_number(as_of)
    kept, excluded = _believable(rows, today)
    order = _order(kept)
    member, day, is_valued = kept.member[order], kept.day[order], ~kept.is_foreign[order]
    values = np.where(is_valued, kept.value_minor[order], 0)
    is_first = np.ones(len(member), dtype=bool)
    is_first[1:] = (member[1:] != member[:-1]) | (day[1:] != day[:-1])
    at = np.flatnonzero(is_first)
    excluded[Excluded.SAME_DAY] = len(member) - len(at)
    return Histories(
        today,
        np.searchsorted(member[at], np.arange(members + 1)),
        day[at],
        np.add.reduceat(values, at) if len(at) else values,
        np.logical_or.reduceat(is_valued, at) if len(at) else is_valued,
        {why: count for why, count in excluded.items() if count},
    )


def _believable(rows: OrderRows, today: int) -> tuple[OrderRows, dict[Excluded, int]]:
    """The rows that can be true; each other row is counted once, by the first reason."""
    is_future, is_ancient = rows.day > today, rows.day < 0
    is_dated = ~(is_future | is_ancient)
    is_negative = is_dated & (rows.value_minor < 0)
    is_too_large = is_dated & (rows.value_minor > VALUE_MINOR_MAX)
    kept = is_dated & ~(is_negative | is_too_large)
    if kept.all():
        left = rows
    else:
        left = OrderRows(
            rows.member[kept], rows.day[kept], rows.value_minor[kept], rows.is_foreign[kept]
        )
    return left, {
        Excluded.FUTURE: int(is_future.sum()),
        Excluded.ANCIENT: int(is_ancient.sum()),
        Excluded.NEGATIVE: int(is_negative.sum()),
        Excluded.TOO_LARGE: int(is_too_large.sum()),
        Excluded.FOREIGN: int(left.is_foreign.sum()),
    }


def _order(rows: OrderRows) -> NDArray[np.int64] | slice:
    """What sorts the rows by member and day."""
    keys = (rows.member.astype(np.int64) << 32) + rows.day
    if np.all(keys[1:] >= keys[:-1]):
        return slice(None)
    return np.argsort(keys, kind="stable")


def merge(parts: Sequence[Histories]) -> Histories:
    """All members of the parts, one part after another; all parts are of the same day."""
    assert len({part.as_of for part in parts}) == 1
    counts = np.concatenate([part.counts for part in parts])
    excluded: dict[Excluded, int] = {}
    for part in parts:
        for why, count in part.excluded.items():
            excluded[why] = excluded.get(why, 0) + count
    return Histories(
        parts[0].as_of,
        np.concatenate(([0], np.cumsum(counts))),
        np.concatenate([part.days for part in parts]),
        np.concatenate([part.values_minor for part in parts]),
        np.concatenate([part.is_valued for part in parts]),
        excluded,
    )


def until(histories: Histories, day: int) -> Histories:
    """What was known at the end of an earlier `day`."""
    is_known = histories.days <= day
    return Histories(
        day,
        np.concatenate(([0], np.cumsum(histories.counts_until(day)))),
        histories.days[is_known],
        histories.values_minor[is_known],
        histories.is_valued[is_known],
        {},
    )


def summarise(histories: Histories) -> Summaries:
    """Each member in six numbers."""
    starts, counts = histories.starts, histories.counts
    has = counts > 0
    first, last = np.zeros(len(counts), np.int64), np.zeros(len(counts), np.int64)
    first[has] = histories.days[starts[:-1][has]]
    last[has] = histories.days[starts[1:][has] - 1]
    valued = _summed(starts, histories.is_valued)
    spent = _summed(starts, histories.values_minor)
    return Summaries(
        counts.astype(np.int32),
        (last - first).astype(np.int32),
        np.where(has, histories.as_of - first, 0).astype(np.int32),
        valued.astype(np.int32),
        spent / np.maximum(valued, 1),
        _median_gaps(histories),
    )


def _summed(starts: NDArray[np.int64], values: NDArray) -> NDArray[np.int64]:
    """The sum over each member's rows. Where the running sum wraps, the differences still hold."""
    running = np.concatenate(([0], np.cumsum(values, dtype=np.int64)))
    return running[starts[1:]] - running[starts[:-1]]


def _median_gaps(histories: Histories) -> NDArray[np.float32]:
    gaps, owner = histories.gaps()
    ordered = np.sort((owner << 32) + gaps) & 0xFFFFFFFF
    counts = np.maximum(histories.counts - 1, 0)
    start, has = np.cumsum(counts) - counts, counts > 0
    medians = np.zeros(histories.members, np.float32)
    lower = ordered[start[has] + (counts[has] - 1) // 2]
    upper = ordered[start[has] + counts[has] // 2]
    medians[has] = (lower + upper) / 2
    return medians


def concatenate(parts: Sequence[Summaries]) -> Summaries:
    """All members of the parts, one part after another."""
    return Summaries(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS)
    )
