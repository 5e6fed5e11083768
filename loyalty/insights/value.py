"""What members will spend: how many orders of BG/NBD times how much of Gamma-Gamma."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loyalty.insights import bgnbd, gamma_gamma
from loyalty.insights.frequencies import Histories, Summaries, summarise

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Value:
    """Both models of a shop, in days and minor units."""

    purchases: bgnbd.Parameters
    amounts: gamma_gamma.Parameters

    def orders(self, buyers: Summaries, horizon_days: int) -> Floats:
        """Orders to expect of each buyer in that time."""
        return bgnbd.expected_orders(self.purchases, horizon_days, buyers.x, buyers.t_x, buyers.age)

    def amount_minor(self, buyers: Summaries) -> Floats:
        """What to expect of each buyer's next order."""
        return gamma_gamma.expected_amount(self.amounts, buyers.valued_days, buyers.mean_minor)

    def revenue_minor(self, buyers: Summaries, horizon_days: int) -> Floats:
        """What to expect of each buyer in that time, before scaling."""
        return self.orders(buyers, horizon_days) * self.amount_minor(buyers)


def fit_purchases(buyers: Summaries) -> bgnbd.Parameters | None:
    """BG/NBD of the buyers; those who bought alike are one row with a weight."""
    x, t_x, age, weights = _repeated(buyers)
    return bgnbd.fit(x, t_x, age, weights)


def fit_amounts(buyers: Summaries) -> gamma_gamma.Parameters | None:
    """Gamma-Gamma on all orders, the first too: so whoever ordered once is told apart."""
    return gamma_gamma.fit(buyers.valued_days, buyers.mean_minor)


def fit(histories: Histories) -> Value | None:
    """Both, or None if one of them cannot be fitted."""
    summaries = summarise(histories)
    buyers = summaries.where(summaries.has_ordered)
    purchases, amounts = fit_purchases(buyers), fit_amounts(buyers)
    return Value(purchases, amounts) if purchases and amounts else None


def spent_minor(histories: Histories, *, after: int, until: int) -> int:
    """What was spent after the one day and up to the other, by those who had ordered before."""
    was_there = histories.counts_until(after) > 0
    is_in = (histories.days > after) & (histories.days <= until)
    is_in &= np.repeat(was_there, histories.counts)
    # Python's integers: the sum of a large shop may not fit into 64 bits.
    return int(histories.values_minor[is_in].astype(object).sum())


_BITS = 21


def _repeated(buyers: Summaries) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """(x, t_x, T) once each, and how many members have it. Three numbers in one are sorted fast."""
    limit = 2**_BITS - 1
    packed = np.minimum(buyers.x, limit).astype(np.int64)
    for column in (buyers.t_x, buyers.age):
        packed = (packed << _BITS) | np.minimum(column, limit)
    rows, weights = np.unique(packed, return_counts=True)
    return rows >> 2 * _BITS, (rows >> _BITS) & limit, rows & limit, weights
