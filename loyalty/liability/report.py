"""The liability report: what a shop owes for its points at the end of a day, in two views.

The invariant: the lines' points less what members lack are the ledger's sum, and each total is the
sum of its lines as they are printed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy.orm import Session

from loyalty.base.clock import day_in
from loyalty.base.errors import BadPeriod
from loyalty.liability import settings
from loyalty.liability.breakage import Cell, breakage_of, list_cells
from loyalty.liability.cohorts import Cohort, list_cohorts
from loyalty.liability.days import end_of, last_of, month_of, months_between
from loyalty.liability.deferral import Deferred, list_deferred
from loyalty.liability.settings import Said
from loyalty.liability.worth import Worth, worth_of
from loyalty.shops.tables import Shop


@dataclass(frozen=True, slots=True)
class Line:
    """One cohort. Money in whole minor units, None while nobody knows what a point is worth.

    `cost_minor` and `on_hold_minor`: outstanding × worth × (1 − breakage), apart for points on
    hold; `deferred_minor`: the part of the sales' price that is not revenue yet.
    """

    cohort: Cohort
    breakage: Decimal
    cost_minor: int | None
    on_hold_minor: int | None
    deferred_minor: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """All lines, oldest month first. `lacking`: by how much balances are below zero."""

    as_of: date
    worth: Worth | None
    breakage_source: str
    lines: Sequence[Line]
    lacking: int

    @property
    def points(self) -> int:
        """Outstanding points, the ledger's sum."""
        return sum(line.cohort.outstanding for line in self.lines) - self.lacking

    @property
    def cost_minor(self) -> int | None:
        """The cost view, points that are available."""
        return self._total([line.cost_minor for line in self.lines])

    @property
    def on_hold_minor(self) -> int | None:
        """The cost view, points on hold."""
        return self._total([line.on_hold_minor for line in self.lines])

    @property
    def deferred_minor(self) -> int | None:
        """The deferred-revenue view."""
        return self._total([line.deferred_minor for line in self.lines])

    def _total(self, amounts: Sequence[int | None]) -> int | None:
        return None if self.worth is None else sum(amount or 0 for amount in amounts)


def make_report(session: Session, shop: Shop, as_of: date, *, now: datetime) -> Report:
    """What is owed at the end of `as_of`, one of the shop's days; today counts so far.

    Raises BadPeriod for a day to come. Reads only.
    """
    if as_of > day_in(shop.timezone, now):
        raise BadPeriod(f"{as_of} has not been yet")
    return _Maker(session, shop, as_of).report()


class _Maker:
    """What one report is made of."""

    def __init__(self, session: Session, shop: Shop, as_of: date) -> None:
        self._session, self._shop, self._as_of = session, shop, as_of
        self._before = end_of(as_of, shop.timezone)
        self._said = settings.list_said(session, shop.shop_id)
        self._cells = list_cells(session, shop, before=self._before)
        said = settings.in_force(self._said, self._before)
        self._worth = self._worth_at(said, self._before)
        self._breakage = breakage_of(said.breakage, self._cells, month_of(as_of))

    def report(self) -> Report:
        held = list_cohorts(self._session, self._shop, before=self._before)
        deferred = {one.month: one for one in self._deferred(held.cohorts)}
        lines = [self._line(c, deferred.get(c.month) if c.is_sale else None) for c in held.cohorts]
        return Report(self._as_of, self._worth, self._breakage.source, lines, held.lacking)

    def _line(self, cohort: Cohort, deferred: Deferred | None) -> Line:
        breakage = self._breakage.of_age(months_between(cohort.month, self._as_of))
        if self._worth is None:
            return Line(cohort, breakage, None, None, None)
        each = self._worth.minor * (1 - breakage)
        left = deferred.left_minor(breakage) if deferred else Decimal(0)
        return Line(
            cohort,
            breakage,
            _whole(cohort.available * each),
            _whole(cohort.on_hold * each),
            _whole(left),
        )

    def _deferred(self, cohorts: Sequence[Cohort]) -> Sequence[Deferred]:
        if self._worth is None:
            return []
        months = [cohort.month for cohort in cohorts if cohort.is_sale]
        points = {month: self._alone_minor(month, self._worth) for month in months}
        return list_deferred(self._session, self._shop, points, before=self._before)

    def _alone_minor(self, month: date, today: Worth) -> Decimal:
        """What a point sold in that month was worth on its own, by what was known at its end.

        Where nothing was known yet, by what is known now.
        """
        before = min(end_of(last_of(month), self._shop.timezone), self._before)
        said = settings.in_force(self._said, before)
        worth = self._worth_at(said, before) or today
        known = breakage_of(said.breakage, _posted_by(self._cells, month), month)
        if known.source == "none":
            known = self._breakage
        return worth.minor * (1 - known.of_age(0))

    def _worth_at(self, said: Said, before: datetime) -> Worth | None:
        return worth_of(self._session, self._shop, said.point_value_minor, before=before)


def _posted_by(cells: Sequence[Cell], month: date) -> list[Cell]:
    return [cell for cell in cells if cell.posted_in <= month]


def _whole(minor: Decimal) -> int:
    return int(minor.to_integral_value(ROUND_HALF_UP))
