"""The sample is a fair share, and the same each night."""

import numpy as np

from loyalty.insights.sampling import chosen, share_of


def test_a_shop_of_a_hundred_thousand_buyers_is_taken_whole() -> None:
    assert share_of(100_000) == 1
    assert chosen(np.array([5, 9, 2]), 1.0).tolist() == [0, 1, 2]


def test_a_tenth_is_about_a_tenth_however_the_numbers_follow_each_other() -> None:
    numbers = np.arange(100_000) * 4096

    assert share_of(1_000_000) == 0.1
    assert 9_500 < len(chosen(numbers, 0.1)) < 10_500


def test_whoever_is_in_the_sample_stays_in_it_among_others() -> None:
    numbers = np.arange(1000)
    some = numbers[::3]

    kept = set(numbers[chosen(numbers, 0.2)]) & set(some)

    assert set(some[chosen(some, 0.2)]) == kept
