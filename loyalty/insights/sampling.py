"""A sample of members: the same ones each night, whatever order they come in."""

import numpy as np
from numpy.typing import NDArray

SAMPLE_MAX = 100_000


def share_of(buyers: int) -> float:
    """The share of members that makes about a hundred thousand buyers; 1 for fewer."""
    return min(1.0, SAMPLE_MAX / max(buyers, 1))


def chosen(numbers: NDArray, share: float) -> NDArray[np.int64]:
    """The positions of the members in the sample, by 64-bit `numbers` that each keeps for life."""
    if share >= 1:
        return np.arange(len(numbers))
    return np.flatnonzero(_mixed(numbers) < np.uint64(share * 2.0**64))


def _mixed(numbers: NDArray) -> NDArray[np.uint64]:
    """Spread evenly over 64 bits, so that ids given in the order of time make a fair sample.

    The finaliser of SplitMix64 (Steele, Lea & Flood 2014).
    """
    mixed = numbers.astype(np.uint64, copy=True)
    with np.errstate(over="ignore"):
        mixed += np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
