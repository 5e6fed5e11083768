"""Who comes back within a horizon, counted in the shop's own past: the chance behind churn risk.

The shop is looked at again as of earlier days: of those who then had ordered so often and been away
so long, so many ordered within the horizon that followed. No day's look knows what came later.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loyalty.insights.frequencies import Histories
from loyalty.insights.scipy_late import expit, isotonic_regression, logit

Floats = NDArray[np.float64]

HORIZON_DAYS = 90
"""The horizon of a shop that has shown fewer than GAPS_MIN gaps between orders."""
GAPS_MIN, GAPS_SHARE = 200, 0.8
HORIZON_DAYS_MIN, HORIZON_DAYS_MAX = 14, 365

_ANCHORS_MAX, _ANCHOR_STEP_DAYS = 12, 30
_FADING = 0.7
"""What an earlier look counts against the one after it: a young shop's members were younger then,
and whoever has ordered three times in two months comes back sooner than who took a year for it."""
_ORDERS_FROM = np.array([1, 2, 3, 4, 5, 7, 10, 15, 25])
_RECENCY_BINS = 12
_PRIOR_MEMBERS = 20.0
"""A cell is mixed with so many members who behave as its row and column do."""
_SHARE_MIN = 0.001


@dataclass(frozen=True, slots=True)
class ReturnTable:
    """P(order within `horizon_days`) by order days and days since the last, on a grid.

    Row n is for order days from `orders_from[n]` up to the next; its shares fall from left to
    right, and stand at the days of `recencies[n]`. `observed` members (of all looks) drew it,
    of whom the share `rate` came back: what to say of anybody without looking.
    """

    horizon_days: int
    observed: int
    rate: float
    orders_from: Floats
    recencies: Floats
    shares: Floats

    def probability(self, order_days: NDArray, recency: NDArray) -> Floats:
        """Each member's share, between neighbours on the grid by a straight line."""
        rows = np.searchsorted(self.orders_from, order_days, side="right") - 1
        found = np.empty(len(rows))
        for row in np.unique(rows):
            chosen = rows == row
            found[chosen] = np.interp(recency[chosen], self.recencies[row], self.shares[row])
        return found

    def as_stored(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "horizon_days": self.horizon_days,
            "observed": self.observed,
            "rate": self.rate,
            "orders_from": self.orders_from.tolist(),
            "recencies": self.recencies.tolist(),
            "shares": self.shares.tolist(),
        }

    @classmethod
    def from_stored(cls, stored: dict[str, Any]) -> "ReturnTable":
        """What `as_stored` gave."""
        grids = (np.array(stored[name]) for name in ("orders_from", "recencies", "shares"))
        return cls(stored["horizon_days"], stored["observed"], stored["rate"], *grids)


def horizon_of(gaps: NDArray[np.int64], history_days: int) -> int:
    """H in days: 90, or the 80th percentile of the shop's gaps once there are 200 of them.

    Between two weeks and a year, and never more than half of what the shop has of history:
    the other half is needed to look back from.
    """
    wanted = HORIZON_DAYS
    if len(gaps) >= GAPS_MIN:
        wanted = int(np.percentile(gaps, GAPS_SHARE * 100, method="inverted_cdf"))
    wanted = min(max(wanted, HORIZON_DAYS_MIN), HORIZON_DAYS_MAX)
    return max(1, min(wanted, history_days // 2))


def draw(histories: Histories, horizon_days: int) -> ReturnTable | None:
    """The table of what `histories` show; None if nobody, or everybody, came back or not."""
    orders, recency, returned, weights = _looks_back(histories, horizon_days)
    if not len(orders) or returned.all() or not returned.any():
        return None
    rows = np.searchsorted(_ORDERS_FROM, orders, side="right") - 1
    columns = _columns(recency)
    shape = (len(_ORDERS_FROM), int(columns.max()) + 1)
    cells = rows * shape[1] + columns
    seen, came, away = (
        np.bincount(cells, weights * each, minlength=shape[0] * shape[1]).reshape(shape)
        for each in (1, returned, recency)
    )
    return ReturnTable(
        horizon_days,
        len(orders),
        float(np.average(returned, weights=weights)),
        _ORDERS_FROM.astype(np.float64),
        _middles(seen, away),
        _smooth(seen, came),
    )


def _looks_back(
    histories: Histories, horizon_days: int
) -> tuple[NDArray, NDArray, NDArray, Floats]:
    """(order days, days since the last, came back, weight) of every member at every look."""
    looks = [_look(histories, day, horizon_days) for day in _days(histories, horizon_days)]
    if not looks:
        return np.zeros(0), np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0)
    orders, recency, returned = (np.concatenate(column) for column in zip(*looks, strict=True))
    weights = [np.full(len(look[0]), _FADING**age) for age, look in enumerate(looks)]
    return orders, recency, returned, np.concatenate(weights)


def _days(histories: Histories, horizon_days: int) -> list[int]:
    """The days to look from: the last one whose horizon is over, and others before it."""
    if not len(histories.days):
        return []
    last, first = histories.as_of - horizon_days, int(histories.days.min())
    return [
        day
        for day in range(last, last - _ANCHORS_MAX * _ANCHOR_STEP_DAYS, -_ANCHOR_STEP_DAYS)
        if day >= first
    ]


def _look(histories: Histories, day: int, horizon_days: int) -> tuple[NDArray, NDArray, NDArray]:
    counts = histories.counts_until(day)
    later = histories.counts_until(day + horizon_days)
    known = counts > 0
    last = histories.days[histories.starts[:-1][known] + counts[known] - 1]
    return counts[known], day - last, (later > counts)[known]


def _columns(recency: NDArray) -> NDArray[np.int64]:
    """Bins of about as many each; equal days are in the same bin, and no bin is empty."""
    edges = np.quantile(recency, np.linspace(0, 1, _RECENCY_BINS + 1)[1:-1])
    bins = np.searchsorted(edges, recency, side="left")
    return np.unique(bins, return_inverse=True)[1]


def _middles(seen: NDArray, away: NDArray) -> Floats:
    """The mean days of each cell; where nobody was seen, those of its column."""
    of_column = away.sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    return np.where(seen > 0, away / np.maximum(seen, 1), of_column)


def _smooth(seen: NDArray, came: NDArray) -> Floats:
    """The shares of the cells, thin ones pooled; in each row falling with the days away."""
    whole = came.sum() / seen.sum()
    by_column = (came.sum(axis=0) + _PRIOR_MEMBERS * whole) / (seen.sum(axis=0) + _PRIOR_MEMBERS)
    by_row = _row_shares(seen.sum(axis=1), came.sum(axis=1), whole)
    prior = expit(logit(by_row)[:, None] + logit(by_column)[None, :] - logit(whole))
    weights = seen + _PRIOR_MEMBERS
    shares = (came + _PRIOR_MEMBERS * prior) / weights
    falling = [
        isotonic_regression(row, weights=weight, increasing=False).x
        for row, weight in zip(shares, weights, strict=True)
    ]
    return np.clip(np.array(falling), _SHARE_MIN, 1 - _SHARE_MIN)


def _row_shares(seen: NDArray, came: NDArray, whole: float) -> Floats:
    """Of each row; one with few members is drawn to the row before it, of fewer orders."""
    shares, before = [], whole
    for members, returned in zip(seen, came, strict=True):
        before = (returned + _PRIOR_MEMBERS * before) / (members + _PRIOR_MEMBERS)
        shares.append(before)
    return np.array(shares)
