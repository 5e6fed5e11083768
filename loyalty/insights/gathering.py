"""Gathers a shop batch by batch into what its model is fitted on and what is scored by it.

The invariant: all members stay in a few numbers each, of orders those of a fair sample alone, so
that memory hardly grows with the shop.
"""

from collections import Counter
from datetime import date

import numpy as np
from numpy.typing import NDArray

from loyalty.insights import frequencies, sampling
from loyalty.insights.frequencies import Excluded, Histories, Summaries
from loyalty.insights.histories import Batch, no_orders


class Gathering:
    """What was read so far; at its end `everyone`, `ids` and `engagement` go together."""

    def __init__(self, as_of: date) -> None:
        self.excluded: Counter[Excluded] = Counter()
        self._ids: list[NDArray[np.bytes_]] = []
        self._engagement: list[NDArray[np.uint8]] = []
        self._summaries: list[Summaries] = []
        self._sample = _Sample()
        self.add(_nobody(as_of))  # a shop without members has arrays, too

    def add(self, batch: Batch) -> None:
        """Take in one batch."""
        self.excluded.update(batch.histories.excluded)
        self._ids.append(batch.ids)
        self._engagement.append(batch.engagement)
        self._summaries.append(frequencies.summarise(batch.histories))
        self._sample.add(batch.numbers, batch.histories)

    @property
    def members(self) -> int:
        """How many members there are."""
        return sum(map(len, self._ids))

    @property
    def ids(self) -> NDArray[np.bytes_]:
        """16 bytes each, batch by batch."""
        return np.concatenate(self._ids)

    @property
    def engagement(self) -> NDArray[np.uint8]:
        """E in fifths."""
        return np.concatenate(self._engagement)

    @property
    def everyone(self) -> Summaries:
        """What the model knows of each."""
        return frequencies.concatenate(self._summaries)

    @property
    def sample(self) -> Histories:
        """The orders of about a hundred thousand buyers, or of all."""
        return self._sample.histories()


class _Sample:
    """Buyers by chance: at first all; each time that there are too many, every other one."""

    def __init__(self) -> None:
        self.share, self.buyers = 1.0, 0
        self.parts: list[tuple[NDArray[np.uint64], Histories]] = []

    def add(self, numbers: NDArray[np.uint64], histories: Histories) -> None:
        has_ordered = np.flatnonzero(histories.counts > 0)
        self.buyers += len(has_ordered)
        found = (numbers[has_ordered], histories.only(has_ordered))
        self.parts.append(_thinned(*found, self.share))
        while self._size() > 2 * sampling.SAMPLE_MAX:
            self.share /= 2
            self.parts = [_thinned(*part, self.share) for part in self.parts]

    def histories(self) -> Histories:
        share = min(self.share, sampling.share_of(self.buyers))
        return frequencies.merge([_thinned(*part, share)[1] for part in self.parts])

    def _size(self) -> int:
        return sum(len(numbers) for numbers, _ in self.parts)


def _thinned(
    numbers: NDArray[np.uint64], histories: Histories, share: float
) -> tuple[NDArray[np.uint64], Histories]:
    """The same members for the same share; those of a smaller share are among them."""
    chosen = sampling.chosen(numbers, share)
    return numbers[chosen], histories.only(chosen)


def _nobody(as_of: date) -> Batch:
    histories = frequencies.read(no_orders(), members=0, as_of=as_of)
    return Batch(np.zeros(0, "S16"), histories, np.zeros(0, np.uint8))
