"""How right the shop's own model is, tried on its last period: fitted on what came before alone.

The scale, too, is that of the period before, or the error would always be nothing.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loyalty.insights import calibration, rfm, scaling, value
from loyalty.insights.bgnbd import probability_alive
from loyalty.insights.calibration import ReturnTable
from loyalty.insights.frequencies import EPOCH, Histories, Summaries, summarise, until

_BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Members whose P(return) is from `low` up to `high`: the mean of it, and who came back."""

    low: float
    high: float
    members: int
    predicted: float
    actual: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A hold-out from the day after `cut_on` to `until`, of the `members` who had ordered by then.

    Members, and so revenue, are those of the sample that the shop's model is fitted on.
    Churn is not ordering within `horizon_days` of `cut_on`. AUCs are of that, None where all or
    none returned: of the shop's own table, of RFM, of BG/NBD's P(alive). Brier scores are mean
    squared errors of the chance: of the table, and of saying the `naive_rate` of everybody.
    `revenue_before_minor` is what to say of revenue without a model: as much as came in the period
    before from members who had ordered by then. None in a hold-out of before this was kept.
    """

    cut_on: date
    until: date
    horizon_days: int
    members: int
    scale: float
    revenue_actual_minor: int
    revenue_predicted_minor: int
    revenue_error: float | None
    churn_auc: float | None
    rfm_auc: float | None
    alive_auc: float | None
    brier: float
    naive_brier: float
    naive_rate: float
    bins: tuple[Bin, ...]
    revenue_before_minor: int | None = None

    @property
    def naive_revenue_error(self) -> float | None:
        """The error of saying as much as before; None where nobody bought."""
        if self.revenue_before_minor is None or not self.revenue_actual_minor:
            return None
        off = abs(self.revenue_before_minor - self.revenue_actual_minor)
        return off / self.revenue_actual_minor

    def as_stored(self) -> dict[str, Any]:
        """As JSON."""
        dates = {"cut_on": self.cut_on.isoformat(), "until": self.until.isoformat()}
        return asdict(self) | dates | {"bins": [asdict(each) for each in self.bins]}

    @classmethod
    def from_stored(cls, stored: dict[str, Any]) -> "Accuracy":
        """What `as_stored` gave."""
        dates = {name: date.fromisoformat(stored[name]) for name in ("cut_on", "until")}
        return cls(**(stored | dates | {"bins": tuple(Bin(**each) for each in stored["bins"])}))


@dataclass(frozen=True, slots=True)
class Chances:
    """Of each member at the cut, what each way of judging says, and whether they returned."""

    returned: NDArray[np.bool_]
    table: NDArray[np.float64]
    rfm: NDArray[np.float64]
    alive: NDArray[np.float64]


def hold_out(
    histories: Histories, period: int, horizon_days: int, fitted: value.Value | None = None
) -> Accuracy | None:
    """The model as of `period` days ago against what came; None if it could not be fitted then.

    `fitted` is that model, if it is there already.
    """
    cut = histories.as_of - period
    before = until(histories, cut)
    fitted, table = fitted or value.fit(before), calibration.draw(before, horizon_days)
    if fitted is None or table is None:
        return None
    history_days = cut - int(before.days.min())
    scale = scaling.scale_of(before, min(period, max(1, history_days // 3)))
    predicted = scale * scaling.predicted_minor(fitted, before, period)
    actual = value.spent_minor(histories, after=cut, until=histories.as_of)
    chances = judge(histories, before, fitted, table)
    returned = chances.returned
    return Accuracy(
        cut_on=EPOCH + timedelta(days=cut),
        until=EPOCH + timedelta(days=histories.as_of),
        horizon_days=horizon_days,
        members=len(returned),
        scale=scale,
        revenue_actual_minor=actual,
        revenue_predicted_minor=round(predicted),
        revenue_error=abs(predicted - actual) / actual if actual else None,
        churn_auc=auc(chances.table, returned),
        rfm_auc=auc(chances.rfm, returned),
        alive_auc=auc(chances.alive, returned),
        brier=brier(chances.table, returned),
        naive_brier=brier(np.full(len(returned), table.rate), returned),
        naive_rate=table.rate,
        bins=tuple(bins(chances.table, returned)),
        revenue_before_minor=value.spent_minor(before, after=cut - period, until=cut),
    )


def judge(
    histories: Histories, before: Histories, fitted: value.Value, table: ReturnTable
) -> Chances:
    """What could be said at the end of `before`, and who returned within the table's horizon."""
    summaries = summarise(before)
    known = summaries.has_ordered
    buyers = summaries.where(known)
    later = histories.counts_until(before.as_of + table.horizon_days)[known]
    return Chances(
        later > buyers.order_days,
        table.probability(buyers.order_days, buyers.recency),
        _rfm_share(buyers),
        probability_alive(fitted.purchases, buyers.x, buyers.t_x, buyers.age),
    )


def _rfm_share(buyers: Summaries) -> NDArray[np.float64]:
    return rfm.points(*rfm.quintiles(rfm.cut(buyers), buyers)) / 30


def auc(chances: NDArray, returned: NDArray[np.bool_]) -> float | None:
    """How often, of one who returned and one who did not, the first had more; ties count half.

    It is as much the AUC of churn by 1 - chance. None where all or none returned.
    """
    came = int(returned.sum())
    stayed_away = len(returned) - came
    if not came or not stayed_away:
        return None
    ranks = _ranks(chances)[returned].sum()
    return float((ranks - came * (came + 1) / 2) / (came * stayed_away))


def _ranks(values: NDArray) -> NDArray[np.float64]:
    """From 1 up; those who tie share the mean of theirs. scipy.stats takes longer to load."""
    _, which, ties = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(ties) - (ties - 1) / 2)[which]


def brier(chances: NDArray, returned: NDArray[np.bool_]) -> float:
    """The mean squared error of the chances."""
    return float(np.mean((chances - returned) ** 2))


def bins(chances: NDArray, returned: NDArray[np.bool_]) -> Sequence[Bin]:
    """Ten of equal width, those without a member left out."""
    which = np.minimum((chances * _BINS).astype(int), _BINS - 1)
    return [
        Bin(
            int(number) / _BINS,
            (int(number) + 1) / _BINS,
            int(chosen.sum()),
            float(chances[chosen].mean()),
            float(returned[chosen].mean()),
        )
        for number in np.unique(which)
        for chosen in [which == number]
    ]
