"""Two groups compared: the difference, and how far chance alone may have moved it.

Shares by Newcombe's interval from Wilson scores (Statistics in Medicine 17, 1998, method 10), which
holds for few people and for shares near nothing too; money per person by Welch's.
The invariant: all in Decimal, and nothing is said of a group of nobody.
"""

from dataclasses import dataclass
from decimal import Decimal

Z = Decimal("1.959964")
"""The normal distribution's 97.5 %: an interval of 95 %."""
_PEOPLE_MIN = 2


@dataclass(frozen=True, slots=True)
class Group:
    """`people`, how many of them `ordered`, what all spent, and Σ of each one's squared."""

    people: int
    ordered: int
    spent_minor: int
    squares: Decimal


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure, and between which two it lies but for one time in twenty."""

    middle: Decimal
    low: Decimal
    high: Decimal


def difference_of(told: Group, held_out: Group) -> Interval | None:
    """By how much the share who ordered differs; None where a group has nobody."""
    if not told.people or not held_out.people:
        return None
    one, other = _wilson(told), _wilson(held_out)
    middle = one.middle - other.middle
    below = ((one.middle - one.low) ** 2 + (other.high - other.middle) ** 2).sqrt()
    above = ((one.high - one.middle) ** 2 + (other.middle - other.low) ** 2).sqrt()
    return Interval(middle, middle - below, middle + above)


def gain_of(told: Group, held_out: Group) -> Interval | None:
    """By how many minor units per person the spending differs; None for fewer than two people."""
    if min(told.people, held_out.people) < _PEOPLE_MIN:
        return None
    middle = _mean(told) - _mean(held_out)
    error = Z * (_variance(told) / told.people + _variance(held_out) / held_out.people).sqrt()
    return Interval(middle, middle - error, middle + error)


def _wilson(group: Group) -> Interval:
    n, share = Decimal(group.people), Decimal(group.ordered) / group.people
    centre = share + Z**2 / (2 * n)
    width = Z * (share * (1 - share) / n + Z**2 / (4 * n**2)).sqrt()
    whole = 1 + Z**2 / n
    return Interval(share, max(Decimal(0), (centre - width) / whole), (centre + width) / whole)


def _mean(group: Group) -> Decimal:
    return Decimal(group.spent_minor) / group.people


def _variance(group: Group) -> Decimal:
    around = group.squares - Decimal(group.spent_minor) ** 2 / group.people
    return max(Decimal(0), around) / (group.people - 1)
