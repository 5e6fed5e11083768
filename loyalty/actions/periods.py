"""The stretch of days that a check-in counts for: first and last day, in the shop's calendar."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Period:
    """`name` is stable for all its days; `last_on` is None for once and for all."""

    name: str
    first_on: date
    last_on: date | None

    @property
    def next_on(self) -> date | None:
        """The first day on which it counts again; None for never."""
        return self.last_on + timedelta(days=1) if self.last_on else None


def period_of(limit: str, on: date) -> Period:
    """The period of `limit` (once, week from Monday, month, quarter, year) that `on` lies in."""
    if limit == "once":
        return Period("once", date.min, None)
    if limit == "week":
        first = on - timedelta(days=on.weekday())
        return Period(f"week:{first}", first, first + timedelta(days=6))
    months = {"month": 1, "quarter": 3, "year": 12}[limit]
    month = (on.month - 1) // months * months + 1
    last_month = month + months - 1
    last = date(on.year, last_month, monthrange(on.year, last_month)[1])
    first = date(on.year, month, 1)
    return Period(f"{limit}:{first}", first, last)
