"""Quintiles by rank; ties share the lowest."""

import numpy as np

from loyalty.insights import rfm
from loyalty.insights.frequencies import summarise
from tests.loyalty.insights.simulation import made_of


def test_ten_buyers_make_five_pairs() -> None:
    # given Alice and nine others, of 1 to 10 orders, the more the later and the dearer
    rows = [
        (member, 10 * (10 - member) + day, 1000 * (member + 1))
        for member in range(10)
        for day in range(member + 1)
    ]
    summaries = summarise(made_of(rows, members=10))
    # when
    r, f, m = rfm.quintiles(rfm.cut(summaries), summaries)
    # then
    assert r.tolist() == f.tolist() == m.tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert rfm.points(r, f, m).tolist() == [6, 6, 12, 12, 18, 18, 24, 24, 30, 30]


def test_ties_share_the_lowest_rank() -> None:
    # given seven who ordered once, and three who ordered twice
    rows = [(member, 50, 1000) for member in range(10)]
    rows += [(member, 20, 1000) for member in (7, 8, 9)]
    summaries = summarise(made_of(rows, members=10))

    _, f, m = rfm.quintiles(rfm.cut(summaries), summaries)

    # then the seven are in the first; of the three, seven have less: 1 + floor(5 * 7 / 10)
    assert f.tolist() == [1] * 7 + [4] * 3
    assert m.tolist() == [1] * 10


def test_a_cut_ranks_as_counting_those_who_have_less_does() -> None:
    chance = np.random.default_rng(3)
    for members in (1, 2, 3, 4, 5, 6, 23, 100):
        rows = [(n, int(chance.integers(1, 9)), int(chance.integers(1, 6))) for n in range(members)]
        summaries = summarise(made_of(rows, members=members))
        _, _, m = rfm.quintiles(rfm.cut(summaries), summaries)
        less = [(summaries.mean_minor < value).sum() for value in summaries.mean_minor]
        assert m.tolist() == [1 + 5 * int(count) // members for count in less]


def test_whoever_has_not_ordered_is_not_ranked_and_ranks_nobody() -> None:
    summaries = summarise(made_of([(0, 5, 100)], members=50))

    r, f, m = rfm.quintiles(rfm.cut(summaries), summaries)

    assert (r[0], f[0], m[0]) == (1, 1, 1)
    assert not r[1:].any() and not f[1:].any() and not m[1:].any()
