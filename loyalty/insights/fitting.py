"""Finding the parameters that make what was seen likeliest; None rather than a number that is none.

All parameters are positive and are sought as logarithms, between bounds.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loyalty.insights.scipy_late import minimize

Objective = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]
"""Logarithms of the parameters → mean negative log-likelihood and its gradient by them."""

ROUGH_ROWS = 5000
"""So many rows find about where the least value is, for a twentieth of the time of all of them."""

_FAR = 1e10
"""Stands for a likelihood that cannot be computed, so that the search turns round."""


def likeliest(
    objective: Objective, starts: Sequence[Sequence[float]], bounds: tuple[float, float]
) -> NDArray[np.float64] | None:
    """The logarithms that make `objective` least, or None if it has no finite value to find.

    The later starts are tried if the first leads nowhere, then a search without gradient.
    """
    tame = _tamed(objective)
    for start in starts:
        found = minimize(
            tame,
            np.asarray(start, dtype=np.float64),
            jac=True,
            method="L-BFGS-B",
            bounds=[bounds] * len(start),
            options={"ftol": 1e-13, "gtol": 1e-7, "maxiter": 1000, "maxcor": 20},
        )
        if _is_found(found):
            return found.x
    found = minimize(
        _value_of(objective),
        np.asarray(starts[0], dtype=np.float64),
        method="Nelder-Mead",
        bounds=[bounds] * len(starts[0]),
        options={"maxiter": 4000, "xatol": 1e-6, "fatol": 1e-10},
    )
    return found.x if _is_found(found) else None


def dot(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Σ a·b, without the threads of BLAS.

    They wait for each other by spinning: a fit of 100,000 rows took 2.2 s of processor with one
    thread and 7.6 s with two, for the same time by the clock.
    """
    return float(np.einsum("i,i->", a, b))


def rough_step(rows: int) -> int:
    """Every how many-th row is enough for a first search; 1 where all are few."""
    return max(1, rows // ROUGH_ROWS)


def _tamed(objective: Objective) -> Objective:
    def tame(logs: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        with np.errstate(all="ignore"):
            value, gradient = objective(logs)
        if np.isfinite(value) and np.isfinite(gradient).all():
            return value, gradient
        return _FAR, np.zeros_like(logs)

    return tame


def _value_of(objective: Objective) -> Callable[[NDArray[np.float64]], float]:
    def value_of(logs: NDArray[np.float64]) -> float:
        with np.errstate(all="ignore"):
            value, _ = objective(logs)
        return value if np.isfinite(value) else _FAR

    return value_of


def _is_found(found: object) -> bool:
    value, logs = getattr(found, "fun", np.nan), getattr(found, "x", np.nan)
    return bool(np.isfinite(value) and value < _FAR and np.isfinite(logs).all())
