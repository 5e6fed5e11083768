"""Which days count for a tier on a given day: cycles, and how long what was won in one lasts.

Days are the shop's. What is won in a cycle lasts to the end of the next one plus the grace, so on
any day at most three cycles count: the present one, the one before, and for the days of grace the
one before that. Lifetime and rolling have no cycles: there the last days of grace are looked at.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Cycle = Literal["lifetime", "calendar", "enrolment", "rolling"]

ROLLING_DAYS = 365
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A cycle's days, both inclusive, and the last day on which what was won in it lasts."""

    since_on: date
    until_on: date
    lasts_until_on: date


def live_cycles(cycle: Cycle, joined_on: date, today: date, grace_days: int) -> list[Span]:
    """The calendar or enrolment years that still count on `today`, the present one first."""
    spans = [
        _span(cycle, joined_on, _year_of(cycle, joined_on, today) - n, grace_days) for n in range(3)
    ]
    return [span for span in spans if span.lasts_until_on >= today]


def anniversary(joined_on: date, year: int) -> date:
    """The day of `year` on which another year as a member begins; 29 February → 28."""
    try:
        return joined_on.replace(year=year)
    except ValueError:
        return joined_on.replace(year=year, day=28)


def rolling_since(day: date) -> date:
    """The first of the 365 days that end with `day`."""
    return day - timedelta(days=ROLLING_DAYS - 1)


def _year_of(cycle: Cycle, joined_on: date, today: date) -> int:
    """The calendar year in which the present cycle began."""
    if cycle == "calendar" or anniversary(joined_on, today.year) <= today:
        return today.year
    return today.year - 1


def _span(cycle: Cycle, joined_on: date, year: int, grace_days: int) -> Span:
    starts = [
        date(y, 1, 1) if cycle == "calendar" else anniversary(joined_on, y)
        for y in (year, year + 1, year + 2)
    ]
    return Span(
        since_on=starts[0],
        until_on=starts[1] - _DAY,
        lasts_until_on=starts[2] - _DAY + timedelta(days=grace_days),
    )
