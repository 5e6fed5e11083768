"""What the next order is worth."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from loyalty.insights import gamma_gamma
from tests.loyalty.insights import cdnow, simulation


def test_cdnow_has_the_parameters_of_the_note() -> None:
    x, _, _, mean = cdnow.summary()

    found = gamma_gamma.fit(x, mean)

    assert found is not None
    assert (found.p, found.q, found.v) == pytest.approx((6.25, 3.74, 15.44), abs=0.01)


def test_gradient_is_the_slope_of_the_likelihood() -> None:
    x, _, _, mean = cdnow.summary()
    likelihood = gamma_gamma.Likelihood(x[x > 0], mean[x > 0] / 30, np.ones(int((x > 0).sum())))
    at = np.array([0.4, 0.8, -0.3])

    slope = approx_fprime(at, lambda logs: likelihood(logs)[0], 1e-7)

    assert likelihood(at)[1] == pytest.approx(slope, rel=1e-4, abs=1e-6)


def test_simulated_amounts_give_their_parameters_back() -> None:
    who = np.repeat(np.arange(30_000), np.tile([1, 2, 3, 5, 9], 6000))
    amounts, orders = simulation.amounts(who), np.bincount(who)

    found = gamma_gamma.fit(orders, np.bincount(who, amounts) / orders)

    given = simulation.AMOUNTS
    assert found is not None
    assert found.p == pytest.approx(given.p, rel=0.1)
    assert found.q == pytest.approx(given.q, rel=0.05)
    assert found.mean == pytest.approx(given.mean, rel=0.02)


def test_few_orders_are_drawn_to_the_mean_of_all_and_many_speak_for_themselves() -> None:
    given = simulation.AMOUNTS
    assert given.mean == 4000

    expected = gamma_gamma.expected_amount(
        given, np.array([0, 1, 1, 500]), np.array([0.0, 1000.0, 10_000.0, 10_000.0])
    )

    # p(v + n·m) / (p·n + q - 1): 6·3,000/9, 6·12,000/9
    assert expected[:3].tolist() == [4000.0, 2000.0, 8000.0]
    assert expected[3] == pytest.approx(10_000, rel=0.002)


def test_a_shop_of_one_price_expects_that_price() -> None:
    found = gamma_gamma.fit(np.arange(1, 301) % 7 + 1, np.full(300, 1990.0))

    assert found is not None
    expected = gamma_gamma.expected_amount(found, np.array([1, 5]), np.array([1990.0, 1990.0]))
    assert expected == pytest.approx(1990, rel=0.01)


def test_whoever_spent_nothing_fits_nothing() -> None:
    assert gamma_gamma.fit(np.array([1, 2, 3]), np.zeros(3)) is None
    assert gamma_gamma.fit(np.zeros(0), np.zeros(0)) is None
