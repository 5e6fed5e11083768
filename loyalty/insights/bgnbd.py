"""BG/NBD: how often a member will order again, from when they ordered before.

While alive a member orders at random at a rate of their own (Gamma over members), and after each
order leaves for good with a chance of their own (Beta). Fader, Hardie & Lee (2005), "Counting Your
Customers the Easy Way", Marketing Science 24 (2). Any unit of time, the same throughout.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from loyalty.insights.fitting import dot, likeliest, rough_step
from loyalty.insights.scipy_late import digamma, eigh_tridiagonal, expit, gammaln, log_expit

Floats = NDArray[np.float64]

_STARTS = ((0.1, 0.1, 0.1, 0.1), (-1.0, -1.0, -1.0, 1.0), (1.0, 0.0, -3.0, 0.0))
_BOUNDS = (-9.0, 9.0)
_NODES, _NODES_FAR = 64, 256
_FAR = 40.0
"""A horizon of so many times α + T needs more nodes for the same nine digits."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Rates of ordering are Gamma(r, α), chances of leaving Beta(a, b). α in units of time."""

    r: float
    alpha: float
    a: float
    b: float


def fit(
    x: NDArray, t_x: NDArray, age: NDArray, weights: NDArray | None = None
) -> Parameters | None:
    """The likeliest parameters of members with `x` later orders, the last at `t_x`, seen for `age`.

    Row n stands for `weights[n]` members. None where no finite likelihood is found.
    """
    weights = np.ones(len(x)) if weights is None else np.asarray(weights, np.float64)
    unit = float(np.max(age, initial=0))
    if not len(x) or unit <= 0 or weights.sum() <= 0:
        return None
    logs = _search(np.asarray(x), np.asarray(t_x) / unit, np.asarray(age) / unit, weights)
    if logs is None:
        return None
    r, alpha, a, b = (float(value) for value in np.exp(logs))
    return Parameters(r, alpha * unit, a, b)


def _search(x: NDArray, t_x: Floats, age: Floats, weights: Floats) -> Floats | None:
    """The logarithms of the parameters, found on some of the rows and then on all."""
    starts: list[Sequence[float]] = list(_STARTS)
    step = rough_step(len(x))
    if step > 1:
        some = Likelihood(x[::step], t_x[::step], age[::step], weights[::step])
        rough = likeliest(some, _STARTS, _BOUNDS)
        starts = starts if rough is None else [rough.tolist(), *starts]
    return likeliest(Likelihood(x, t_x, age, weights), starts, _BOUNDS)


class Likelihood:
    """The mean negative log-likelihood and its gradient. Gamma functions once per distinct x."""

    def __init__(self, x: NDArray, t_x: Floats, age: Floats, weights: Floats) -> None:
        self.x, self.t_x, self.age = x.astype(np.float64), t_x, age
        self.share = weights / weights.sum()
        self.distinct, self.which = np.unique(self.x, return_inverse=True)
        self.share_by_x = np.bincount(self.which, self.share)

    def __call__(self, logs: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = np.exp(logs)
        ordered = r + self.x
        to_now, to_last = alpha + self.age, alpha + self.t_x
        seen, silent = np.log(to_now), np.log(to_now / to_last)
        # The odds that whoever is silent has left; whoever ordered once cannot have.
        odds = np.where(self.distinct > 0, np.log(a) - np.log(self._later(b)), -np.inf)
        log_odds = odds[self.which] + ordered * silent
        gone = expit(log_odds)
        share_gone, by_order = self.share * gone, self.share * ordered
        value = (
            self._by_x(r, alpha, a, b)
            - dot(by_order, seen)
            + dot(self.share, -log_expit(-log_odds))
        )
        gone_by_x = np.bincount(self.which, share_gone, minlength=len(self.distinct))
        rates = dot(by_order, (1 - gone) / to_now + gone / to_last)
        log_time = dot(self.share, seen) - dot(share_gone, silent)
        slopes = self._slopes(np.array([r, alpha, a, b]), log_time, rates, gone_by_x)
        return -float(value), -slopes * np.exp(logs)

    def _later(self, b: float) -> Floats:
        """b + x - 1, by distinct x; where x is 0 it stands for nothing."""
        return np.maximum(b + self.distinct - 1, b)

    def _by_x(self, r: float, alpha: float, a: float, b: float) -> float:
        x = self.distinct
        terms = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        terms += gammaln(a + b) - gammaln(a + b + x) + gammaln(b + x) - gammaln(b)
        return dot(self.share_by_x, terms)

    def _slopes(
        self, parameters: Floats, log_time: float, rates: float, gone_by_x: NDArray
    ) -> Floats:
        r, alpha, a, b = parameters
        x, by_x = self.distinct, self.share_by_x
        both = dot(by_x, digamma(a + b) - digamma(a + b + x))
        stayed = dot(by_x, digamma(b + x) - digamma(b))
        return np.array(
            [
                dot(by_x, digamma(r + x) - digamma(r)) + np.log(alpha) - log_time,
                r / alpha - rates,
                both + gone_by_x.sum() / a,
                both + stayed - (gone_by_x / self._later(b)).sum(),
            ]
        )


def probability_alive(parameters: Parameters, x: NDArray, t_x: NDArray, age: NDArray) -> Floats:
    """The chance that a member has not left for good: 1 for all who ordered once.

    For comparison only; `calibration` says who comes back.
    """
    r, alpha, a, b = parameters.r, parameters.alpha, parameters.a, parameters.b
    ratio = np.log(alpha + np.asarray(age)) - np.log(alpha + np.asarray(t_x))
    odds_of_leaving = np.log(a / np.maximum(b + np.asarray(x) - 1, b)) + (r + x) * ratio
    return np.where(np.asarray(x) > 0, expit(-odds_of_leaving), 1.0)


def expected_orders(
    parameters: Parameters, horizon: float, x: NDArray, t_x: NDArray, age: NDArray
) -> Floats:
    """How many orders to expect of each member in the next `horizon`.

    The closed form (a difference of hypergeometric functions) loses its digits where a is near 1
    or x large, so that this is the mean it stands for: over the chance of leaving of whoever is
    still there, Beta(a, b + x), by Gauss-Jacobi quadrature. All terms are positive.
    """
    pairs, which = _distinct_pairs(np.asarray(x), np.asarray(age))
    expected = np.empty(len(pairs))
    for orders in np.unique(pairs[:, 0]):
        chosen = pairs[:, 0] == orders
        expected[chosen] = _if_alive(parameters, horizon, orders, pairs[chosen, 1])
    return expected[which] * probability_alive(parameters, x, t_x, age)


def _distinct_pairs(x: NDArray, age: NDArray) -> tuple[Floats, NDArray[np.int64]]:
    """Whoever orders as often in as long a time may expect the same, if they are still there."""
    packed = x.astype(np.complex128) + 1j * age
    distinct, which = np.unique(packed, return_inverse=True)
    return np.column_stack((distinct.real, distinct.imag)), which


def _if_alive(parameters: Parameters, horizon: float, x: float, age: Floats) -> Floats:
    reach = horizon / (parameters.alpha + age)
    expected = np.empty(len(age))
    for is_chosen, nodes in ((reach <= _FAR, _NODES), (reach > _FAR, _NODES_FAR)):
        if is_chosen.any():
            chance, weights = _beta_nodes(parameters.a, parameters.b + x, nodes)
            orders = -np.expm1(-(parameters.r + x) * np.log1p(np.outer(reach[is_chosen], chance)))
            expected[is_chosen] = np.einsum("ij,j->i", orders / chance, weights)
    return expected


@lru_cache(maxsize=4096)
def _beta_nodes(a: float, b: float, count: int) -> tuple[Floats, Floats]:
    """Nodes in (0, 1) and weights (their sum is 1) of a mean over Beta(a, b).

    Golub & Welsch (1969), on the recurrence of the Jacobi polynomials: the nodes are the
    eigenvalues, the weights the squares of the first components.
    """
    n, high, low = np.arange(1.0, count), b - 1, a - 1
    both = high + low
    middle = np.concatenate(
        (
            [(low - high) / (both + 2)],
            (low**2 - high**2) / ((2 * n + both) * (2 * n + both + 2)),
        )
    )
    n = n[1:]
    beside = 4 * n * (n + high) * (n + low) * (n + both)
    beside /= (2 * n + both) ** 2 * (2 * n + both + 1) * (2 * n + both - 1)
    first = 4 * (1 + high) * (1 + low) / ((2 + both) ** 2 * (3 + both))
    values, vectors = eigh_tridiagonal(middle, np.sqrt(np.concatenate(([first], beside))))
    return np.maximum((1 + values) / 2, 1e-200), vectors[0] ** 2
