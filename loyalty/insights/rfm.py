"""Recency, frequency, monetary value: a quintile for each, by rank among the shop's buyers.

Ties share the lowest rank: with n buyers, of whom k have less, the quintile is 1 + floor(5k / n).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loyalty.insights.frequencies import Summaries

Quintiles = NDArray[np.uint8]
_FIFTHS = np.arange(1, 5)


@dataclass(frozen=True, slots=True)
class Cuts:
    """Four values for each of the three: whoever has more than the n-th is in quintile n + 1 or up.

    Recency is counted in days before today, so that its values are 0 or less. No buyers: empty.
    """

    recency: tuple[float, ...]
    frequency: tuple[float, ...]
    monetary: tuple[float, ...]

    def as_stored(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "recency": list(self.recency),
            "frequency": list(self.frequency),
            "monetary": list(self.monetary),
        }

    @classmethod
    def from_stored(cls, stored: dict[str, Any]) -> "Cuts":
        """What `as_stored` gave."""
        return cls(*(tuple(stored[name]) for name in ("recency", "frequency", "monetary")))


def cut(summaries: Summaries) -> Cuts:
    """Where the quintiles of the shop's buyers begin; whoever has not ordered is not ranked."""
    return Cuts(*(_cut(column) for column in _columns(summaries.where(summaries.has_ordered))))


def _columns(buyers: Summaries) -> tuple[NDArray, NDArray, NDArray]:
    """More is better in each: fewer days away, more order days, a greater mean order value."""
    return -buyers.recency, buyers.order_days, buyers.mean_minor


def _cut(values: NDArray) -> tuple[float, ...]:
    """At least n fifths of all have less than v exactly if v is above the n-th value here."""
    if not len(values):
        return ()
    at = -(-_FIFTHS * len(values) // 5) - 1
    return tuple(float(value) for value in np.partition(values, at)[at])


def quintiles(cuts: Cuts, summaries: Summaries) -> tuple[Quintiles, Quintiles, Quintiles]:
    """(R, F, M) of each member, 1 to 5; 0 for whoever has not ordered."""
    ranked = summaries.has_ordered
    found = []
    for column, at in zip(
        _columns(summaries), (cuts.recency, cuts.frequency, cuts.monetary), strict=True
    ):
        found.append(np.where(ranked, 1 + np.searchsorted(at, column), 0).astype(np.uint8))
    return found[0], found[1], found[2]


def points(r: Quintiles, f: Quintiles, m: Quintiles) -> NDArray[np.int16]:
    """RFM in thirtieths: 3R + 2F + M, 6 to 30."""
    return 3 * r.astype(np.int16) + 2 * f + m
