"""Whatever the orders are: every figure is finite, or said to be missing."""

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.insights import model as models
from loyalty.insights.frequencies import OrderRows, day_number, read, summarise
from loyalty.insights.model import Band, Scores
from tests.loyalty.insights.simulation import TODAY

TO_DAY = day_number(TODAY)
MEMBERS = 12

_days = st.one_of(
    st.integers(TO_DAY - 900, TO_DAY + 3), st.integers(-(2**31), 2**31 - 1), st.just(TO_DAY)
)
_values = st.one_of(
    st.integers(-3, 10_000), st.integers(-(2**63), 2**63 - 1), st.sampled_from([0, 10**15])
)
_row = st.tuples(st.integers(0, MEMBERS - 1), _days, _values, st.booleans())


@settings(max_examples=150, deadline=None)
@given(st.lists(_row, max_size=60))
def test_a_small_shop_is_scored_or_says_why_not(rows: list[tuple[int, int, int, bool]]) -> None:
    who, days, values, is_foreign = (
        np.array([row[at] for row in rows], kind)
        for at, kind in enumerate((np.int64, np.int32, np.int64, np.bool_))
    )

    _score_all(OrderRows(who, days, values, is_foreign), MEMBERS)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    gap_days=st.sampled_from([0.2, 1.0, 7.0, 30.0, 120.0, 365.0]),
    evenness=st.sampled_from([0.2, 1.0, 50.0]),
    staying=st.sampled_from([0.05, 0.5, 0.99, 1.0]),
    born_within=st.sampled_from([1, 30, 900]),
    amounts=st.sampled_from(["same", "free", "wild", "one whale", "foreign", "half foreign"]),
    odd=st.lists(_row, max_size=10),
)
def test_a_shop_that_has_shown_enough_is_scored_whatever_it_is_like(
    seed: int,
    gap_days: float,
    evenness: float,
    staying: float,
    born_within: int,
    amounts: str,
    odd: list[tuple[int, int, int, bool]],
) -> None:
    # given 400 members who come at those gaps, more or less evenly, and leave or stay, and a few
    # orders that may be anything
    chance = np.random.default_rng(seed)
    orders = np.minimum(chance.geometric(1 - staying * 0.98, 400) + 1, 60)
    who = np.repeat(np.arange(400), orders)
    gaps = chance.gamma(evenness, gap_days / evenness, len(who))
    ago = np.concatenate([np.cumsum(part)[::-1] for part in np.split(gaps, np.cumsum(orders)[:-1])])
    days = TO_DAY - np.minimum(ago + chance.integers(0, born_within, 400)[who], 10_000)
    rows = OrderRows(
        np.concatenate((who, [row[0] for row in odd])).astype(np.int64),
        np.concatenate((days.astype(np.int32), np.array([row[1] for row in odd], np.int32))),
        np.concatenate((_amounts(amounts, chance, who), np.array([r[2] for r in odd], np.int64))),
        np.concatenate(
            (_foreign(amounts, chance, len(who)), np.array([row[3] for row in odd], bool))
        ),
    )

    _score_all(rows, 401)


def _amounts(kind: str, chance: np.random.Generator, who: np.ndarray) -> np.ndarray:
    found = {
        "same": np.full(len(who), 1990.0),
        "free": np.zeros(len(who)),
        "wild": np.minimum(np.exp(chance.normal(8, 5, len(who))), 1e15),
        "one whale": np.where(who == 7, 1e14, 500.0),
    }.get(kind, np.full(len(who), 700.0))
    return found.astype(np.int64)


def _foreign(kind: str, chance: np.random.Generator, count: int) -> np.ndarray:
    share = {"foreign": 1.0, "half foreign": 0.5}.get(kind, 0.0)
    return chance.random(count) < share


def _score_all(rows: OrderRows, members: int) -> None:
    histories = read(rows, members=members, as_of=TODAY)
    summaries = summarise(histories)
    model = models.fit(histories, summaries)
    json.dumps(model.as_stored(), allow_nan=False)
    scores = models.score(model, summaries, np.zeros(members, np.uint8))
    _check(scores, summaries.has_ordered)
    assert bool(model.not_yet) != bool(scores.has_ltv.any()) or not summaries.has_ordered.any()


def _check(scores: Scores, has_ordered: np.ndarray) -> None:
    for figures in (scores.p_return, scores.expected_orders, scores.gap_days):
        assert np.isfinite(figures).all() and (figures >= 0).all()
    assert (scores.p_return <= 1).all() and (scores.ltv_minor >= 0).all()
    assert ((scores.health >= 0) & (scores.health <= 100)).all()
    assert ((scores.band == Band.NEW) == ~has_ordered).all()
    assert (scores.has_p_return == np.isin(scores.band, (Band.LOW, Band.MEDIUM, Band.HIGH))).all()
    assert ((scores.last_days_ago >= 0) & (scores.orders >= 0)).all()
