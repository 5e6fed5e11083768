"""The calibration chart: where each bin stands in a square of predicted against actual shares.

The invariant: whatever the chart shows stands in the table beneath it, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from loyalty.insights.accuracy import Bin

SIZE, MARGIN = 320, 44
_PLOT = SIZE - 2 * MARGIN
_RADIUS_MIN, _RADIUS_MAX = 3.0, 10.0


@dataclass(frozen=True, slots=True)
class Point:
    """A dot of the chart in its units; as large as it has members."""

    x: str
    y: str
    radius: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid at a share, counted from the left and from the bottom."""

    x: str
    y: str
    percent: int


@dataclass(frozen=True, slots=True)
class Chart:
    """What the template draws; `low` and `high` are the ends of both axes."""

    size: int
    low: int
    high: int
    ticks: Sequence[Tick]
    points: Sequence[Point]


def draw(bins: Sequence[Bin]) -> Chart:
    """The chart of these bins."""
    most = max((one.members for one in bins), default=1)
    return Chart(
        SIZE,
        MARGIN,
        SIZE - MARGIN,
        [Tick(_x(percent / 100), _y(percent / 100), percent) for percent in range(0, 101, 25)],
        [
            Point(_x(one.predicted), _y(one.actual), _radius(one.members / most))
            for one in sorted(bins, key=lambda one: -one.members)
        ],
    )


def _x(share: float) -> str:
    return f"{MARGIN + share * _PLOT:.1f}"


def _y(share: float) -> str:
    return f"{SIZE - MARGIN - share * _PLOT:.1f}"


def _radius(share: float) -> str:
    """The area says how many, not the radius."""
    return f"{max(_RADIUS_MIN, _RADIUS_MAX * sqrt(share)):.1f}"
