"""The worked cases of the section Insights; each stands in docs/rules.md with its arithmetic."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from loyalty.insights import bgnbd, calibration, cold_start, gamma_gamma, health, rfm, scaling
from loyalty.insights import model as models
from loyalty.insights.frequencies import Histories, day_number, summarise
from loyalty.insights.model import Band
from tests.loyalty.insights.simulation import TODAY, made_of, shop


def ago(day: date) -> int:
    return day_number(TODAY) - day_number(day)


def bought(*orders: tuple[date, int]) -> Histories:
    """Alice alone, by day and minor units."""
    return made_of([(0, ago(day), value) for day, value in orders], members=1)


def test_insights_1_a_member_is_four_numbers_and_orders_of_a_day_are_one() -> None:
    alice = summarise(
        bought(
            (date(2026, 3, 1), 4000),
            (date(2026, 4, 5), 2500),
            (date(2026, 4, 5), 1500),
            (date(2026, 5, 9), 4000),
        )
    )

    assert (alice.x[0], alice.t_x[0], alice.age[0], alice.mean_minor[0]) == (2, 69, 266, 4000)


def test_insights_2_orders_to_expect_are_those_of_the_paper() -> None:
    paper = bgnbd.Parameters(r=0.243, alpha=4.414, a=0.793, b=2.426)

    expected = bgnbd.expected_orders(paper, 39, np.array([2]), np.array([30.43]), np.array([38.86]))

    assert round(float(expected[0]), 3) == 1.226


def test_insights_3_two_who_ordered_once_differ() -> None:
    given = gamma_gamma.Parameters(p=6, q=4, v=2000)

    expected = gamma_gamma.expected_amount(given, np.array([1, 1]), np.array([1000, 10_000]))

    assert expected.tolist() == [2000, 8000]


def test_insights_4_the_scale_is_actual_by_predicted_within_limits() -> None:
    histories, period = shop(2000, history_days=500), 100
    was_before = histories.days <= histories.as_of - period

    def with_last_period(factor: int) -> float:
        values = np.where(was_before, histories.values_minor, factor * histories.values_minor)
        return scaling.scale_of(replace(histories, values_minor=values), period)

    assert with_last_period(0) == 0.5
    assert with_last_period(9) == 2


def test_insights_5_ltv_is_orders_by_amount_by_scale() -> None:
    # given a model in which nobody leaves, and a last period half as good again as predicted
    histories = made_of([(0, day, 4000) for day in (200, 100, 0)], members=1)
    model = replace(
        models.fit(histories, summarise(histories)),
        not_yet=(),
        purchases=bgnbd.Parameters(r=1, alpha=100, a=1e-9, b=1),
        amounts=gamma_gamma.Parameters(p=6, q=4, v=2000),
        scale=1.5,
    )

    scores = models.score(model, summarise(histories), np.zeros(1, np.uint8))

    assert scores.ltv_minor[0] == 21900


def test_insights_6_the_horizon_is_90_days_or_the_80th_percentile_of_the_gaps() -> None:
    few, enough = [30] * 199, [30] * 160 + [60] * 40

    assert calibration.horizon_of(np.array(few), 700) == 90
    assert calibration.horizon_of(np.array(enough), 700) == 30


@pytest.mark.parametrize(
    ("days", "band"), [(30, Band.LOW), (31, Band.MEDIUM), (60, Band.MEDIUM), (61, Band.HIGH)]
)
def test_insights_7_low_from_a_half_and_high_below_a_fifth(days: int, band: Band) -> None:
    alice = made_of([(0, days, 100), (0, days + 30, 100)], members=2)
    summaries = summarise(alice)

    scores = models.score(models.fit(alice, summaries), summaries, np.zeros(2, np.uint8))

    assert [Band(each) for each in scores.band] == [band, Band.NEW]


def test_insights_8_the_chance_is_how_many_came_back_of_those_like_them() -> None:
    # given 3,000 who ordered once 115 days ago, of whom every fourth came again
    rows = [(n, 115, 1000) for n in range(3000)] + [(n, 70, 1000) for n in range(0, 3000, 4)]

    table = calibration.draw(made_of(rows, members=3000), 90)

    assert table is not None
    chance = table.probability(np.array([1]), np.array([25]))
    assert chance[0] == pytest.approx(0.25, abs=0.005)


def test_insights_9_health_is_the_sum_of_its_three_parts() -> None:
    found = health.measure(np.array([19], np.int16), np.array([0.5]), np.array([3], np.uint8))

    assert (found.rfm[0], found.returning[0], found.engagement[0]) == (38, 13, 9)
    assert found.score[0] == 60


def test_insights_10_ties_share_the_lowest_rank() -> None:
    rows = [(n, 50, 1000) for n in range(10)] + [(n, 20, 1000) for n in (7, 8, 9)]
    summaries = summarise(made_of(rows, members=10))

    _, frequency, _ = rfm.quintiles(rfm.cut(summaries), summaries)

    assert frequency.tolist() == [1] * 7 + [4] * 3


def test_insights_11_engagement_is_what_they_have_and_did() -> None:
    yes, no = np.array([True]), np.array([False])

    fifths = health.engagement_fifths(yes, no, yes, no)

    assert health.measure(np.zeros(1, np.int16), np.zeros(1), fifths).engagement[0] == 9


@pytest.mark.parametrize(("repeat_buyers", "is_enough"), [(199, False), (200, True)])
def test_insights_12_two_hundred_repeat_buyers_are_enough(
    repeat_buyers: int, is_enough: bool
) -> None:
    why = cold_start.reasons(repeat_buyers=repeat_buyers, history_days=400)

    assert (why == ()) is is_enough


@pytest.mark.parametrize(("days", "is_enough"), [(89, False), (90, True)])
def test_insights_13_ninety_days_are_enough(days: int, is_enough: bool) -> None:
    assert (cold_start.reasons(repeat_buyers=400, history_days=days) == ()) is is_enough


def test_insights_14_a_young_shop_judges_by_the_members_own_median_gap() -> None:
    alice = summarise(made_of([(0, day, 100) for day in (100, 90, 85, 20)], members=1))
    assert alice.gap_days[0] == 10

    p_return, _ = cold_start.rule_of_thumb(alice.recency, alice.gap_days, 0.0)

    assert p_return[0] == 0.2


def test_insights_15_whoever_ordered_once_would_be_alive_for_ever() -> None:
    paper = bgnbd.Parameters(r=0.243, alpha=4.414, a=0.793, b=2.426)

    alive = bgnbd.probability_alive(paper, np.array([0]), np.array([0]), np.array([5000]))

    assert alive[0] == 1
