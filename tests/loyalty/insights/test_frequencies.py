"""Orders become days; what cannot be true is left out and counted."""

from datetime import date

import numpy as np
import pytest

from loyalty.insights.frequencies import (
    Excluded,
    Histories,
    OrderRows,
    concatenate,
    day_number,
    merge,
    read,
    summarise,
    until,
)

TODAY = date(2026, 11, 22)
TO_DAY = day_number(TODAY)


def _read(*rows: tuple[int, int, int, bool], members: int = 2) -> Histories:
    """(member, days ago, minor units, in another currency) each."""
    orders = OrderRows(
        np.array([row[0] for row in rows], dtype=np.int64),
        np.array([TO_DAY - row[1] for row in rows], dtype=np.int32),
        np.array([row[2] for row in rows], dtype=np.int64),
        np.array([row[3] for row in rows], dtype=bool),
    )
    return read(orders, members=members, as_of=TODAY)


def test_a_member_is_later_order_days_their_span_and_age_and_the_mean_value() -> None:
    # given orders 100, 60 and 30 days ago, in no order; Bob has none
    histories = _read((0, 30, 3000, False), (0, 100, 1000, False), (0, 60, 2000, False))
    # when
    alice = summarise(histories)
    # then
    assert (alice.x[0], alice.t_x[0], alice.age[0], alice.mean_minor[0]) == (2, 70, 100, 2000.0)
    assert (alice.recency[0], alice.gap_days[0]) == (30, 35.0)
    assert alice.has_ordered.tolist() == [True, False]
    assert (alice.x[1], alice.age[1], alice.mean_minor[1], alice.gap_days[1]) == (0, 0, 0, 0)


def test_orders_of_one_day_are_one_order_of_their_sum() -> None:
    histories = _read((0, 5, 1000, False), (0, 5, 250, False), (1, 5, 70, False))

    assert histories.counts.tolist() == [1, 1]
    assert histories.values_minor.tolist() == [1250, 70]
    assert histories.excluded == {Excluded.SAME_DAY: 1}


def test_orders_that_cannot_be_true_are_left_out_and_counted() -> None:
    histories = _read(
        (0, -1, 1000, False),
        (0, -1, -5, False),
        (0, 3, -1, False),
        (0, 3, 10**16, False),
        (0, TO_DAY + 1, 100, False),
    )

    assert histories.counts.tolist() == [0, 0]
    assert histories.excluded == {
        Excluded.FUTURE: 2,
        Excluded.ANCIENT: 1,
        Excluded.NEGATIVE: 1,
        Excluded.TOO_LARGE: 1,
    }


def test_an_order_of_today_counts() -> None:
    assert _read((0, 0, 1000, False)).counts.tolist() == [1, 0]


def test_an_order_in_another_currency_is_a_visit_whose_amount_says_nothing() -> None:
    histories = _read((0, 40, 900_000, True), (0, 10, 2000, False), (1, 10, 500_000, True))

    found = summarise(histories)

    assert found.order_days.tolist() == [2, 1]
    assert found.valued_days.tolist() == [1, 0]
    assert found.mean_minor.tolist() == [2000.0, 0.0]
    assert histories.excluded == {Excluded.FOREIGN: 2}


def test_an_earlier_day_knows_nothing_of_what_came_later() -> None:
    histories = _read((0, 100, 1000, False), (0, 20, 9000, False), (1, 10, 1, False))

    found = summarise(until(histories, TO_DAY - 50))

    assert found.order_days.tolist() == [1, 0]
    assert (found.age[0], found.mean_minor[0]) == (50, 1000.0)


def test_batches_put_together_are_the_whole() -> None:
    first, second = _read((1, 3, 100, False), members=2), _read((0, 9, 50, False), members=1)

    whole = merge([first, second])

    assert whole.counts.tolist() == [0, 1, 1]
    together = concatenate([summarise(first), summarise(second)])
    assert together.age.tolist() == summarise(whole).age.tolist() == [0, 3, 9]


def test_some_members_keep_their_orders_in_the_order_asked_for() -> None:
    histories = _read(
        (0, 9, 10, False), (2, 8, 20, False), (2, 4, 30, False), (1, 1, 5, False), members=4
    )

    chosen = histories.only(np.array([2, 3, 0]))

    assert chosen.counts.tolist() == [2, 0, 1]
    assert chosen.values_minor.tolist() == [20, 30, 10]


def test_the_median_gap_is_each_members_own() -> None:
    histories = _read(
        *((0, ago, 1, False) for ago in (100, 90, 85, 20)),  # gaps 10, 5, 65
        *((1, ago, 1, False) for ago in (9, 6, 1)),  # gaps 3, 5
    )

    assert summarise(histories).gap_days.tolist() == [10.0, 4.0]


def test_sums_beyond_64_bits_of_the_whole_shop_leave_each_member_right() -> None:
    rows = [(0, ago, 10**15, False) for ago in range(9000)]
    histories = _read(*rows, *((1, ago, 7, False) for ago in range(3)), members=2)

    assert summarise(histories).mean_minor.tolist() == [1e15, 7.0]


@pytest.mark.parametrize("members", [0, 3])
def test_a_shop_without_orders_is_read(members: int) -> None:
    found = summarise(_read(members=members))

    assert len(found) == members
    assert not found.has_ordered.any()
