"""Who comes back, counted in the shop's own past."""

import numpy as np
import pytest

from loyalty.insights import calibration
from loyalty.insights.accuracy import auc
from loyalty.insights.frequencies import until
from tests.loyalty.insights.simulation import made_of, shop


@pytest.mark.parametrize(
    ("gaps", "history_days", "horizon"),
    [
        ([30] * 199, 700, 90),  # too few gaps: 90 days
        ([30] * 160 + [60] * 40, 700, 30),  # the 80th percentile
        ([30] * 159 + [60] * 41, 700, 60),
        ([3] * 500, 700, 14),  # two weeks at the least
        ([370] * 500, 1500, 365),  # a year at the most
        ([370] * 500, 400, 200),  # and half of what is known
        ([], 0, 1),
    ],
)
def test_horizon_is_ninety_days_until_the_shop_shows_its_own(
    gaps: list[int], history_days: int, horizon: int
) -> None:
    assert calibration.horizon_of(np.array(gaps), history_days) == horizon


def test_chance_is_the_share_of_those_who_came_back() -> None:
    # given 3,000 who ordered once, 25 days before the only look, of whom every fourth came again,
    # and 3,000 regulars of every ten days
    rows = [(n, 115, 1000) for n in range(3000)]
    rows += [(n, 70, 1000) for n in range(0, 3000, 4)]
    rows += [(n, ago, 1000) for n in range(3000, 6000) for ago in range(5, 116, 10)]
    # when
    table = calibration.draw(made_of(rows, members=6000), 90)
    # then
    assert table is not None
    chances = table.probability(np.array([1, 3]), np.array([25, 5]))
    assert chances[0] == pytest.approx(0.25, abs=0.01)
    assert chances[1] > 0.98


def test_the_longer_away_the_smaller_the_chance() -> None:
    table = calibration.draw(shop(3000, history_days=500), 60)

    assert table is not None
    days = np.arange(0, 900)
    for orders in (1, 2, 3, 6, 12, 40):
        chances = table.probability(np.full(len(days), orders), days)
        assert (np.diff(chances) <= 0).all()
        assert chances.min() > 0 and chances.max() < 1


def test_a_cell_that_few_have_seen_does_not_jump() -> None:
    # given 400 who ordered once of whom 40 came back, and one with 30 orders who did not
    rows = [(n, 150, 1000) for n in range(400)] + [(n, 60, 1000) for n in range(40)]
    rows += [(400, ago, 1000) for ago in range(100, 160, 2)]

    table = calibration.draw(made_of(rows, members=401), 80)

    assert table is not None
    assert 0.03 < table.probability(np.array([30]), np.array([20]))[0] < 0.3


def test_chances_are_right_and_rank_well_in_the_time_to_come() -> None:
    # given a shop, and the same shop 60 days later
    whole = shop(12_000, history_days=500, ahead_days=60)
    table = calibration.draw(until(whole, whole.as_of - 60), 60)
    assert table is not None
    counts = whole.counts_until(whole.as_of - 60)
    known = counts > 0
    last = whole.days[whole.starts[:-1][known] + counts[known] - 1]
    # when
    chances = table.probability(counts[known], whole.as_of - 60 - last)
    # then
    returned = (whole.counts > counts)[known]
    for low in (0.0, 0.2, 0.4, 0.6):
        of_bin = (chances >= low) & (chances < low + 0.2)
        assert chances[of_bin].mean() == pytest.approx(returned[of_bin].mean(), abs=0.06)
    found = auc(chances, returned)
    assert found is not None and found > 0.75


@pytest.mark.parametrize("ago", [[10], [400], list(range(0, 400, 20))])
def test_a_past_in_which_all_or_none_came_back_draws_nothing(ago: list[int]) -> None:
    rows = [(n, days, 1000) for n in range(50) for days in ago]

    assert calibration.draw(made_of(rows, members=50), 60) is None


def test_a_table_is_stored_whole() -> None:
    table = calibration.draw(shop(500, history_days=400), 60)
    assert table is not None

    again = calibration.ReturnTable.from_stored(table.as_stored())

    at = (np.array([1, 2, 9]), np.array([3, 80, 11]))
    assert again.probability(*at).tolist() == table.probability(*at).tolist()
