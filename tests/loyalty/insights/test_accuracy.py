"""How right a model was, tried on what it had not seen."""

import json

import numpy as np
import pytest

from loyalty.insights import accuracy
from loyalty.insights.accuracy import Accuracy, auc, bins, brier, hold_out
from loyalty.insights.frequencies import Histories
from tests.loyalty.insights.simulation import made_of, shop


def test_auc_is_how_often_the_one_who_returned_had_more() -> None:
    returned = np.array([True, True, False, False])

    assert auc(np.array([0.9, 0.8, 0.2, 0.1]), returned) == 1
    assert auc(np.array([0.1, 0.2, 0.8, 0.9]), returned) == 0
    assert auc(np.array([0.5, 0.5, 0.5, 0.5]), returned) == 0.5
    assert auc(np.array([0.9, 0.3, 0.5, 0.1]), returned) == 0.75
    assert auc(np.array([0.9, 0.3]), np.array([True, True])) is None


def test_auc_of_many_with_ties_is_the_share_of_pairs() -> None:
    chance = np.random.default_rng(3)
    chances, returned = chance.integers(0, 9, 300) / 9, chance.random(300) < 0.3

    came, stayed_away = chances[returned][:, None], chances[~returned]

    assert auc(chances, returned) == pytest.approx(
        (came > stayed_away).mean() + (came == stayed_away).mean() / 2
    )


def test_bins_set_what_was_said_beside_what_came() -> None:
    chances, returned = np.array([0.05, 0.07, 0.55, 1.0]), np.array([False, True, True, True])

    low, middle, high = bins(chances, returned)

    assert (low.low, low.high, low.members, low.actual) == (0.0, 0.1, 2, 0.5)
    assert low.predicted == pytest.approx(0.06)
    assert (middle.low, middle.members) == (0.5, 1)
    assert (high.low, high.high) == (0.9, 1.0)
    assert brier(chances, returned) == pytest.approx((0.05**2 + 0.93**2 + 0.45**2) / 4)


def test_a_shop_that_behaves_like_the_model_is_predicted_well() -> None:
    found = hold_out(shop(20_000, history_days=700), 120, 90)

    assert found is not None
    assert found.revenue_error is not None and found.revenue_error < 0.1
    assert found.churn_auc is not None and found.churn_auc > 0.75
    assert found.brier < 0.9 * found.naive_brier
    for each in found.bins:
        if each.members > 300:
            assert each.predicted == pytest.approx(each.actual, abs=0.06)


def test_the_model_that_is_tried_has_not_seen_what_came() -> None:
    # given a shop, and the same shop in which nothing happened in the period that is held out
    whole = shop(3000, history_days=500)
    period = 120
    is_seen = whole.days <= whole.as_of - period
    quiet = Histories(
        whole.as_of,
        np.concatenate(([0], np.cumsum(whole.counts_until(whole.as_of - period)))),
        whole.days[is_seen],
        whole.values_minor[is_seen],
        whole.is_valued[is_seen],
        {},
    )
    # when
    one, other = hold_out(whole, period, 90), hold_out(quiet, period, 90)
    # then
    assert one is not None and other is not None
    assert one.revenue_predicted_minor == other.revenue_predicted_minor
    assert [each.predicted for each in one.bins] == [each.predicted for each in other.bins]
    assert other.revenue_actual_minor == 0 and other.revenue_error is None
    assert other.churn_auc is None


def test_revenue_without_a_model_is_that_of_the_period_before() -> None:
    whole = shop(3000, history_days=500)

    found = hold_out(whole, 60, 60)

    assert found is not None and found.revenue_before_minor is not None
    owner = np.repeat(np.arange(whole.members), whole.counts)
    start = whole.as_of - 120
    known = np.unique(owner[whole.days <= start])
    is_in = (whole.days > start) & (whole.days <= start + 60) & np.isin(owner, known)
    assert found.revenue_before_minor == whole.values_minor[is_in].sum() > 0
    off = abs(found.revenue_before_minor - found.revenue_actual_minor)
    assert found.naive_revenue_error == off / found.revenue_actual_minor


def test_a_shop_without_a_past_before_the_period_has_no_hold_out() -> None:
    assert hold_out(made_of([(0, 5, 100), (1, 3, 100)], members=2), 90, 90) is None


def test_what_is_stored_comes_back() -> None:
    found = hold_out(shop(2000, history_days=500), 100, 60)
    assert found is not None

    stored = json.loads(json.dumps(found.as_stored(), allow_nan=False))

    assert Accuracy.from_stored(stored) == found
    assert accuracy.Bin(**stored["bins"][0]) == found.bins[0]
