"""What a shop's past says of points that nobody will redeem. Sums that can be done on paper."""

from datetime import date
from decimal import Decimal

from loyalty.liability.breakage import Cell, curve_of
from loyalty.liability.days import add_months

FIRST = date(2024, 1, 1)


def cell(age: int, *, earned: int = 0, redeemed: int = 0, lost: int = 0) -> Cell:
    """What was posted `age` months after the first month, of the points of that month."""
    return Cell(FIRST, add_months(FIRST, age), earned, redeemed, lost)


def breakage(cells: list[Cell], months: int, age: int) -> Decimal | None:
    curve = curve_of(cells, add_months(FIRST, months))
    return None if curve is None else curve.breakage(age)


def test_what_is_redeemed_slowly_for_ever_is_redeemed_in_the_end() -> None:
    # given 1,000 points, of which 5 are redeemed in every month and none are lost
    cells = [cell(0, earned=1000), *(cell(age, redeemed=5) for age in range(24))]
    # then all of what is left will be, however old it is
    assert {breakage(cells, 24, age) for age in (0, 24, 119, 120, 500)} == {Decimal(0)}


def test_beyond_the_oldest_age_seen_both_hazards_go_on() -> None:
    # given that of what is there one part in 64 is redeemed a month, and three are lost
    left, cells = 64**6, [cell(0, earned=64**6)]
    for age in range(12):
        part = left // 64 if age >= 9 else 0
        cells.append(cell(age, redeemed=part, lost=3 * part))
        left -= 4 * part
    # then a quarter of it is redeemed in the end
    assert breakage(cells, 12, 12) == Decimal("0.750000")


def test_what_nobody_touches_is_never_redeemed() -> None:
    cells = [cell(0, earned=100), cell(1, redeemed=40)]

    assert breakage(cells, 12, 0) == Decimal("0.600000")
    assert breakage(cells, 12, 2) == Decimal(1)


def test_credited_history_is_no_past() -> None:
    """A year of orders credited in November was nobody's to redeem in the year before."""
    cells = [cell(10, earned=1000)]

    assert breakage(cells, 12, 0) is None


def test_points_posted_late_are_there_from_then_on() -> None:
    # given 100 points in their month, and 100 more of it posted at the age of five months
    cells = [cell(0, earned=100), cell(5, earned=100), cell(4, redeemed=50), cell(6, redeemed=75)]
    # then half of 100 went at the age of four, and half of 150 two months later
    assert breakage(cells, 13, 4) == Decimal("0.250000")
    assert breakage(cells, 13, 5) == Decimal("0.500000")


def test_ages_after_a_gap_stand_for_no_earlier_ones() -> None:
    # given a month's points that were spent whole, and came back long after
    cells = [cell(0, earned=100), cell(1, redeemed=100), cell(9, redeemed=-100), cell(11, lost=100)]
    # then nothing is known of the ages in between
    assert breakage(cells, 13, 0) == Decimal(0)


def test_an_age_counts_only_where_its_month_is_over() -> None:
    # given 100 points, half of which went at the age of one month, and 100 of last month
    last = add_months(FIRST, 11)
    cells = [cell(0, earned=100), cell(1, redeemed=50), Cell(last, last, 100, 0, 0)]
    # then the newer ones, which are just becoming a month old, say nothing of that age
    assert breakage(cells, 12, 1) == Decimal("0.500000")
