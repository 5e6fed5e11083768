"""Breakage: the share of outstanding points that nobody will ever redeem, from the shop's past.

A curve of monthly hazards: of the points outstanding when a month of their age begins, so many
are redeemed in it and so many are lost (expired, reversed, deducted). Only whole months count. Pure
but for one query.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from loyalty.liability.days import add_months, months_between
from loyalty.liability.lots import on_lots
from loyalty.shops.tables import Shop

MONTHS_MIN = 12
"""With fewer whole months of redemptions a shop's past says nothing: no point counts as lost."""
_TAIL_MONTHS = 3
_PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Cell:
    """What was posted in one month of the points earned in another."""

    month: date
    posted_in: date
    earned: int
    redeemed: int
    lost: int


@dataclass(frozen=True, slots=True)
class Curve:
    """Hazards by age in months: (share redeemed, share lost) of what was there at its start."""

    hazards: Sequence[tuple[Decimal, Decimal]]

    def breakage(self, age: int) -> Decimal:
        """The share of points of that age that will not be redeemed, to six places.

        The month that runs counts whole, and after the last age seen the mean of the last
        three goes on for ever: rather too much is owed than too little.
        """
        redeemed, alive = Decimal(0), Decimal(1)
        for used, lost in self.hazards[age:]:
            redeemed += alive * used
            alive *= 1 - used - lost
        return (1 - redeemed - alive * self._redeemed_in_the_end()).quantize(_PLACES)

    def _redeemed_in_the_end(self) -> Decimal:
        """The share of those left after the last age seen: a series that has no end, summed."""
        tail = self.hazards[-_TAIL_MONTHS:]
        used = sum((used for used, _ in tail), Decimal(0)) / len(tail)
        lost = sum((lost for _, lost in tail), Decimal(0)) / len(tail)
        return used / (used + lost) if used + lost else Decimal(0)


_CELLS = on_lots(""", cells AS (
    SELECT month, posted_at, points AS earned, 0 AS redeemed, 0 AS lost FROM born WHERE is_first
    UNION ALL
    SELECT month, posted_at, 0, CASE WHEN is_return THEN -points ELSE 0 END,
        CASE WHEN is_return THEN 0 ELSE -points END
    FROM born WHERE NOT is_first
    UNION ALL
    SELECT born.month, moves.posted_at, 0, CASE WHEN is_redeemed THEN moves.points ELSE 0 END,
        CASE WHEN is_redeemed THEN 0 ELSE moves.points END
    FROM moves JOIN born ON born.id = moves.lot_id
)
SELECT month, date_trunc('month', posted_at AT TIME ZONE :zone)::date AS posted_in,
    sum(earned)::bigint, sum(redeemed)::bigint, sum(lost)::bigint
FROM cells GROUP BY 1, 2 ORDER BY 1, 2
""")


def list_cells(session: Session, shop: Shop, *, before: datetime) -> list[Cell]:
    """All that was posted before that moment, by month earned and month posted."""
    named = {"shop_id": shop.shop_id, "zone": shop.timezone, "before": before}
    return [Cell(*row) for row in session.execute(_CELLS, named)]


def curve_of(cells: Sequence[Cell], month: date) -> Curve | None:
    """The curve that the months before `month` draw; None if they are too few."""
    whole = [cell for cell in cells if max(cell.month, cell.posted_in) < month]
    # When it was posted, and not earned: credited history was nobody's to redeem before.
    if not whole or months_between(min(c.posted_in for c in whole), month) < MONTHS_MIN:
        return None
    # Up to the first gap: what follows one would stand for an earlier age.
    hazards = list(_hazards(whole, month))
    return Curve(hazards) if hazards else None


def _hazards(cells: Sequence[Cell], month: date) -> Iterator[tuple[Decimal, Decimal]]:
    for age in range(_ages(cells, month)):
        found = _hazard(cells, month, age)
        if found is None:
            return
        yield found


def _ages(cells: Sequence[Cell], month: date) -> int:
    """How many ages the oldest cohort has whole months of."""
    return months_between(min(cell.month for cell in cells), month)


def _hazard(cells: Sequence[Cell], month: date, age: int) -> tuple[Decimal, Decimal] | None:
    """Of all cohorts that had that age for a whole month; None where nothing was left."""
    seen = [cell for cell in cells if add_months(cell.month, age) < month]
    there = sum(_left(cell, age) for cell in seen)
    if there <= 0:
        return None
    now = [cell for cell in seen if _age(cell) == age]
    redeemed = Decimal(max(0, sum(cell.redeemed for cell in now)))
    lost = Decimal(max(0, sum(cell.lost for cell in now)))
    used = min(Decimal(1), redeemed / there)
    return used, min(1 - used, lost / there)


def _left(cell: Cell, age: int) -> int:
    """What the cell adds to the points that are there when that age begins.

    What was posted late is there from the age on at which it was posted.
    """
    gone = cell.redeemed + cell.lost if _age(cell) < age else 0
    return (cell.earned if _age(cell) <= age else 0) - gone


def _age(cell: Cell) -> int:
    return max(0, months_between(cell.month, cell.posted_in))


@dataclass(frozen=True, slots=True)
class Breakage:
    """The shares in force at one time. `source`: setting, history, or none."""

    source: str
    by_hand: Decimal | None = None
    curve: Curve | None = None

    def of_age(self, months: int) -> Decimal:
        """The share of points of that age that will not be redeemed."""
        if self.by_hand is not None:
            return self.by_hand
        return self.curve.breakage(months) if self.curve else Decimal(0)


def breakage_of(by_hand: Decimal | None, cells: Sequence[Cell], month: date) -> Breakage:
    """What the shop says, else what its months before `month` show, else that none is known."""
    if by_hand is not None:
        return Breakage("setting", by_hand=by_hand)
    curve = curve_of(cells, month)
    return Breakage("history", curve=curve) if curve else Breakage("none")
