"""Gamma-Gamma: what a member's next order is worth, from the mean of those before.

Amounts vary about a mean of the member's own (Gamma), and those means over members (Gamma). Fader &
Hardie (2013), "The Gamma-Gamma Model of Monetary Value". Whoever has few orders is drawn to the
mean of all, so that two who ordered once, for 10 and for 100, differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loyalty.insights.fitting import dot, likeliest, rough_step
from loyalty.insights.scipy_late import digamma, gammaln

Floats = NDArray[np.float64]

_STARTS = ((1.0, 1.0, 0.0), (0.0, 0.0, 0.0), (3.0, 1.0, -1.0))
_BOUNDS = (-4.0, 8.0)
_EXCESS_MIN = 0.05
"""q - 1 is at least so much: at q = 1 the mean over members, p·v / (q - 1), is infinite."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Amounts are Gamma(p, ν), ν over members Gamma(q, v). v in the unit of the amounts."""

    p: float
    q: float
    v: float

    @property
    def mean(self) -> float:
        """The expected amount of an order of somebody unknown."""
        return self.p * self.v / (self.q - 1)


def fit(orders: NDArray, mean: NDArray, weights: NDArray | None = None) -> Parameters | None:
    """The likeliest parameters of members with so many `orders` (> 0) of that `mean` (> 0).

    Other rows are left out. None where no finite likelihood is found.
    """
    is_usable = (np.asarray(orders) > 0) & (np.asarray(mean) > 0)
    orders, mean = np.asarray(orders)[is_usable], np.asarray(mean, np.float64)[is_usable]
    weights = np.ones(len(is_usable)) if weights is None else np.asarray(weights, np.float64)
    weights = weights[is_usable]
    if len(orders) < 2 or weights.sum() <= 0:
        return None
    unit = float(np.exp(dot(weights, np.log(mean)) / weights.sum()))
    logs = _search(orders, mean / unit, weights)
    if logs is None:
        return None
    p, excess, v = (float(value) for value in np.exp(logs))
    return Parameters(p, 1 + _EXCESS_MIN + excess, v * unit)


def _search(orders: NDArray, mean: Floats, weights: Floats) -> Floats | None:
    """The logarithms of the parameters, found on some of the rows and then on all."""
    starts: list[Sequence[float]] = list(_STARTS)
    step = rough_step(len(orders))
    if step > 1:
        some = Likelihood(orders[::step], mean[::step], weights[::step])
        rough = likeliest(some, _STARTS, _BOUNDS)
        starts = starts if rough is None else [rough.tolist(), *starts]
    return likeliest(Likelihood(orders, mean, weights), starts, _BOUNDS)


class Likelihood:
    """The mean negative log-likelihood and its gradient, by the logarithms of p, q - q's least, v.

    Gamma functions once per distinct number of orders.
    """

    def __init__(self, orders: NDArray, mean: Floats, weights: Floats) -> None:
        self.orders, self.mean = orders.astype(np.float64), mean
        self.spent = self.orders * mean
        self.share = weights / weights.sum()
        self.distinct, self.which = np.unique(self.orders, return_inverse=True)
        self.share_by_orders = np.bincount(self.which, self.share)
        self.mean_log = dot(self.share, np.log(mean))
        self.mean_orders_log = dot(self.share, self.orders * (np.log(mean) + np.log(self.orders)))

    def __call__(self, logs: Floats) -> tuple[float, Floats]:
        p, excess, v = np.exp(logs)
        q = 1 + _EXCESS_MIN + excess
        n, share, by_n = self.distinct, self.share, self.share_by_orders
        total = v + self.spent
        log_total = np.log(total)
        left = p * self.orders + q
        value = dot(by_n, gammaln(p * n + q) - gammaln(p * n)) - gammaln(q) + q * np.log(v)
        value += p * self.mean_orders_log - self.mean_log
        value -= dot(share, left * log_total)
        slope_p = dot(by_n, n * (digamma(p * n + q) - digamma(p * n)))
        slope_p += self.mean_orders_log - dot(share, self.orders * log_total)
        slope_q = dot(by_n, digamma(p * n + q)) - digamma(q) + np.log(v)
        slope_q -= dot(share, log_total)
        slope_v = q / v - dot(share, left / total)
        return -float(value), -np.array([slope_p * p, slope_q * excess, slope_v * v])


def expected_amount(parameters: Parameters, orders: NDArray, mean: NDArray) -> Floats:
    """The expected amount of each member's next order; that of somebody unknown for no orders."""
    p, q, v = parameters.p, parameters.q, parameters.v
    known = np.asarray(orders, np.float64)
    personal = p * (v + known * mean) / np.maximum(p * known + q - 1, _EXCESS_MIN)
    return np.where(known > 0, personal, parameters.mean)
