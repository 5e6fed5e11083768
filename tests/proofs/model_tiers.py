"""Which tier orders deserve on a day, worked out anew each time. Imports nothing of `loyalty`.

Slow and plain on purpose: a year is walked day by day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

NO_TIER = -1
_DAY = timedelta(days=1)

Amounts = Sequence[tuple[date, int]]
"""What orders count for, each on the shop's day on which it was placed."""


@dataclass(frozen=True)
class Ladder:
    """A shop's tiers by `thresholds`, in minor units of `spend` or in `points`."""

    metric: str
    cycle: str
    grace_days: int
    thresholds: tuple[int, ...]

    def rank(self, amounts: Amounts, joined_on: date, today: date) -> int:
        """The highest tier that is still theirs on `today`, from 0; NO_TIER for none."""
        metric = max(self._counting(amounts, joined_on, today))
        return sum(threshold <= metric for threshold in self.thresholds) - 1

    def _counting(self, amounts: Amounts, joined_on: date, today: date) -> list[int]:
        """What is measured over each period whose tier has not ended."""
        if self.cycle in ("calendar", "enrolment"):
            firsts = [self._first_day(joined_on, today.year + back) for back in range(-4, 3)]
            return [
                _sum(amounts, first, until - _DAY)
                for first, until, after in zip(firsts, firsts[1:], firsts[2:], strict=False)
                if first <= today < after + timedelta(days=self.grace_days)
            ]
        days = [today - timedelta(days=back) for back in range(self.grace_days + 1)]
        if self.cycle == "rolling":
            return [_sum(amounts, day - timedelta(days=364), day) for day in days]
        return [_sum(amounts, date.min, day) for day in days]

    def _first_day(self, joined_on: date, year: int) -> date:
        return date(year, 1, 1) if self.cycle == "calendar" else joined_on.replace(year=year)


def _sum(amounts: Amounts, first: date, last: date) -> int:
    return sum(amount for day, amount in amounts if first <= day <= last)
