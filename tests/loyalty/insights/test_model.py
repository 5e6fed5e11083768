"""A shop's model and the scores by it, in shops that behave, and in shops that do not."""

import json
from dataclasses import fields
from datetime import timedelta

import numpy as np
import pytest

from loyalty.insights import model as models
from loyalty.insights.cold_start import NotYet
from loyalty.insights.frequencies import Histories, day_number, merge, read, summarise, until
from loyalty.insights.frequencies import OrderRows as Rows
from loyalty.insights.model import Band, Scores, ShopModel
from tests.loyalty.insights.simulation import AMOUNTS, PURCHASES, TODAY, made_of, shop


def _fit(histories: Histories) -> ShopModel:
    return models.fit(histories, summarise(histories))


def _score(model: ShopModel, histories: Histories, fifths: int = 0) -> Scores:
    engagement = np.full(histories.members, fifths, np.uint8)
    return models.score(model, summarise(histories), engagement)


def test_a_simulated_shop_gives_its_parameters_back() -> None:
    model = _fit(shop(30_000, history_days=700))

    assert not model.not_yet
    assert model.purchases is not None and model.amounts is not None
    assert model.purchases.r == pytest.approx(PURCHASES.r, rel=0.1)
    assert model.purchases.alpha == pytest.approx(PURCHASES.alpha, rel=0.1)
    assert model.amounts.mean == pytest.approx(AMOUNTS.mean, rel=0.05)
    assert 0.85 < model.scale < 1.15


def test_a_year_of_a_simulated_shop_comes_as_predicted() -> None:
    # given a shop as it was a year ago
    whole = shop(20_000, history_days=700, ahead_days=365)
    before = until(whole, day_number(TODAY) - 365)
    # when
    scores = _score(_fit(before), before)
    # then all together spend what was said, and so does each tenth of them
    came = _values_after(whole, before.as_of)
    assert scores.has_ltv.all()
    assert scores.ltv_minor.sum() == pytest.approx(came.sum(), rel=0.1)
    best = np.argsort(-scores.ltv_minor)[:2000]
    assert scores.ltv_minor[best].sum() == pytest.approx(came[best].sum(), rel=0.15)


def _values_after(histories: Histories, day: int) -> np.ndarray:
    owner = np.repeat(np.arange(histories.members), histories.counts)
    is_after = histories.days > day
    return np.bincount(
        owner[is_after], histories.values_minor[is_after], minlength=histories.members
    )


def test_scores_name_every_part() -> None:
    # given Alice, who came every ten days till yesterday, Bob who came once two years ago,
    # and somebody who has not ordered, in a shop that has shown enough
    alice = [(0, ago, 5000) for ago in range(1, 200, 10)]
    cast = made_of([*alice, (1, 690, 500)], members=3)
    model = _fit(merge([cast, shop(3000, history_days=700)]))
    # when
    scores = _score(model, cast, fifths=5)
    # then
    assert scores.is_calibrated
    assert [Band(band) for band in scores.band] == [Band.LOW, Band.HIGH, Band.NEW]
    assert scores.p_return[0] > 0.8 and scores.p_return[1] < 0.1
    assert scores.ltv_minor[0] > 5 * 5000 > 500 > scores.ltv_minor[1] >= 0
    assert (scores.r[0], scores.f[0]) == (5, 5) and scores.r[1] == 1
    assert scores.health[0] > 90 and scores.health[1] < 40
    parts = scores.health_rfm + scores.health_return + scores.health_engagement
    assert (parts == scores.health).all()
    assert scores.health_engagement.tolist() == [15, 15, 0]
    assert scores.has_ltv.tolist() == scores.has_health.tolist() == [True, True, False]
    assert scores.gap_days[0] == 10 and scores.last_days_ago[0] == 1


def test_a_member_scored_alone_or_in_a_batch_has_the_same_scores() -> None:
    histories = shop(1500, history_days=500)
    model = _fit(histories)
    whole = _score(model, histories)

    for number in (0, 700, 1499):
        alone = _score(model, histories.only(np.array([number])))
        for field in fields(Scores):
            if field.name != "is_calibrated":
                value = getattr(alone, field.name)[0]
                assert value == pytest.approx(getattr(whole, field.name)[number], rel=1e-9)


def test_a_stored_model_scores_as_it_did() -> None:
    histories = shop(1500, history_days=500)
    model = _fit(histories)

    again = ShopModel.from_stored(json.loads(json.dumps(model.as_stored(), allow_nan=False)))

    assert again.as_stored() == model.as_stored()
    assert (_score(again, histories).ltv_minor == _score(model, histories).ltv_minor).all()


def test_a_stored_cold_start_comes_back_with_its_reasons() -> None:
    model = _fit(made_of([(0, 3, 100)], members=2))

    again = ShopModel.from_stored(json.loads(json.dumps(model.as_stored(), allow_nan=False)))

    assert again == model
    assert [str(why) for why in again.reasons] == [
        "Predictions need 200 members who have ordered on more than one day. So far: 0.",
        "Predictions need 90 days of orders. So far: 3.",
    ]


def test_a_shop_of_a_week_says_not_yet() -> None:
    # given 300 who ordered in the last days, ten of them twice
    rows = [(n, n % 7, 2000) for n in range(300)] + [(n, 0, 900) for n in range(1, 11)]
    histories = made_of(rows, members=301)
    # when
    model = _fit(histories)
    scores = _score(model, histories)
    # then
    assert model.not_yet == (NotYet.TOO_FEW_REPEAT_BUYERS, NotYet.TOO_YOUNG)
    assert not scores.has_ltv.any() and not scores.is_calibrated
    once = summarise(histories).order_days == 1
    assert set(scores.band[once]) == {Band.NOT_YET}
    assert scores.band[300] == Band.NEW
    assert not scores.has_health[once].any()


def test_a_young_shop_judges_by_each_members_own_gap() -> None:
    # given Alice, every week till a week ago, and Bob, every week till a month ago
    rows = [(0, ago, 2000) for ago in range(7, 60, 7)] + [
        (1, ago, 2000) for ago in range(30, 60, 7)
    ]
    histories = made_of(rows, members=2)

    scores = _score(_fit(histories), histories)

    assert [Band(band) for band in scores.band] == [Band.LOW, Band.HIGH]
    assert not scores.has_ltv.any()
    assert scores.has_health.all()


def test_a_shop_that_sells_once_a_year_loses_nobody_in_between() -> None:
    # given 1,500 who come each December with a chance of 0.7, the last time eleven months ago
    chance = np.random.default_rng(5)
    rows = [
        (n, 340 + 365 * year + int(chance.integers(-10, 10)), 4000)
        for n in range(1500)
        for year in range(4)
        if chance.random() < 0.7
    ]
    histories = made_of(rows, members=1500)
    # when
    model = _fit(histories)
    scores = _score(model, histories)
    # then whoever came last year is expected again, about once, for about 40.00
    assert model.horizon_days > 300
    summaries = summarise(histories)
    regular = summaries.has_ordered & (summaries.recency < 360) & (summaries.order_days >= 3)
    assert (scores.band[regular] == Band.LOW).all()
    assert 0.4 < scores.expected_orders[regular].mean() < 1.6
    assert 1500 < scores.ltv_minor[regular].mean() < 7000


def test_one_whale_does_not_lift_the_others() -> None:
    # given a shop, and the same with one who buys for 50,000.00 every other day
    others = shop(3000, history_days=500)
    whale = made_of([(0, ago, 5_000_000) for ago in range(0, 400, 2)], members=1)
    whole = merge([others, whale])
    # when
    without, scores = _score(_fit(others), others), _score(_fit(whole), whole)
    # then
    ratio = scores.ltv_minor[:-1].sum() / without.ltv_minor.sum()
    assert 0.5 < ratio < 2
    a_year = 365 / 2 * 5_000_000
    assert 0.3 * a_year < scores.ltv_minor[-1] < 1.5 * a_year


def test_a_whale_alone_is_no_shop_to_predict() -> None:
    histories = made_of([(0, ago, 9_000_000) for ago in range(0, 700, 3)], members=5)

    scores = _score(_fit(histories), histories)

    assert scores.band.tolist() == [Band.LOW, *[Band.NEW] * 4]
    assert not scores.has_ltv.any()


def test_a_shop_whose_currency_changed_yesterday_knows_who_comes_and_not_what_they_spend() -> None:
    histories = shop(2000, history_days=500)
    owner = np.repeat(np.arange(histories.members), histories.counts)
    rows = Rows(owner, histories.days, histories.values_minor, np.ones(len(owner), dtype=bool))
    changed = read(rows, members=histories.members, as_of=TODAY)

    model = _fit(changed)
    scores = _score(model, changed)

    assert model.not_yet == (NotYet.NO_AMOUNTS,)
    assert scores.is_calibrated and scores.has_p_return.all()
    assert not scores.has_ltv.any()
    assert sum(changed.excluded.values()) == len(owner)


def test_the_next_days_score_by_last_nights_model() -> None:
    histories = shop(2000, history_days=500)
    model = _fit(until(histories, histories.as_of - 3))

    scores = _score(model, histories)

    assert model.as_of == TODAY - timedelta(days=3)
    assert scores.has_p_return.all()
