"""How often members order again: the paper's figures, and the definition, computed slowly."""

import numpy as np
import pytest
from scipy.integrate import trapezoid
from scipy.optimize import approx_fprime
from scipy.special import betaln, hyp2f1

from loyalty.insights import bgnbd
from loyalty.insights.bgnbd import Parameters
from tests.loyalty.insights import cdnow, simulation


def test_cdnow_has_the_parameters_of_the_paper() -> None:
    x, t_x, age, _ = cdnow.summary()

    found = bgnbd.fit(x, t_x, age)

    assert found is not None
    assert [round(value, 3) for value in (found.r, found.a, found.b)] == [0.243, 0.793, 2.426]
    assert found.alpha == pytest.approx(4.414, abs=0.0005)


def test_a_customer_of_cdnow_is_expected_to_order_as_in_the_paper() -> None:
    x, t_x, age, _ = cdnow.summary()
    found = bgnbd.fit(x, t_x, age)
    assert found is not None

    expected = bgnbd.expected_orders(
        found, 39, np.array([2.0]), np.array([30.43]), np.array([38.86])
    )

    assert round(float(expected[0]), 3) == 1.226


def test_all_of_cdnow_agree_with_the_closed_form() -> None:
    x, t_x, age, _ = cdnow.summary()
    given = Parameters(0.243, 4.414, 0.793, 2.426)

    assert bgnbd.expected_orders(given, 39, x, t_x, age) == pytest.approx(
        _closed_form(given, 39, x, t_x, age), rel=1e-10
    )


@pytest.mark.parametrize(
    ("parameters", "x", "age"),
    [
        (Parameters(0.5, 20.0, 1.0, 3.0), 3, 100),  # the closed form divides by a - 1
        (Parameters(0.5, 20.0, 0.3, 0.7), 0, 100),  # and has a pole at a + b + x = 1
        (Parameters(0.8, 5.0, 0.5, 4.0), 400, 700),  # and overflows
        (Parameters(0.8, 0.5, 0.5, 4.0), 0, 0),  # first ordered today
        (Parameters(0.8, 0.5, 0.02, 4.0), 2, 1),
        (Parameters(2.0, 60.0, 3000.0, 5000.0), 1, 300),
        (Parameters(2.0, 60.0, 0.001, 5000.0), 12, 300),
    ],
)
def test_where_the_closed_form_fails_the_mean_that_it_stands_for_holds(
    parameters: Parameters, x: int, age: int
) -> None:
    expected = bgnbd.expected_orders(
        parameters, 365, np.array([x]), np.array([age]), np.array([age])
    )
    alive = bgnbd.probability_alive(parameters, np.array([x]), np.array([age]), np.array([age]))

    assert expected[0] == pytest.approx(
        alive[0] * _by_definition(parameters, 365, x, age), rel=1e-5
    )


def test_gradient_is_the_slope_of_the_likelihood() -> None:
    x, t_x, age, _ = cdnow.summary()
    likelihood = bgnbd.Likelihood(x, t_x, age, np.ones(len(x)))
    at = np.array([-0.7, 1.1, 0.3, 0.9])

    slope = approx_fprime(at, lambda logs: likelihood(logs)[0], 1e-7)

    assert likelihood(at)[1] == pytest.approx(slope, rel=1e-4, abs=1e-6)


def test_a_row_with_a_weight_stands_for_so_many_members() -> None:
    x, t_x, age, _ = cdnow.summary()
    rows, weights = np.unique(np.column_stack((x, t_x, age)), axis=0, return_counts=True)
    assert len(rows) < len(x)

    each, together = bgnbd.fit(x, t_x, age), bgnbd.fit(*rows.T, weights)

    assert each is not None and together is not None
    assert together.r == pytest.approx(each.r, rel=1e-5)
    assert together.b == pytest.approx(each.b, rel=1e-4)


def test_simulated_members_give_their_parameters_back() -> None:
    # given 40,000 members, observed in fractions of a day
    who, when = simulation.orders(40_000, history_days=700)
    counts = np.bincount(who)
    first, last = np.full(len(counts), np.inf), np.zeros(len(counts))
    np.minimum.at(first, who, when)
    np.maximum.at(last, who, when)
    # when
    found = bgnbd.fit(counts - 1, last - first, 700 - first)
    # then
    given = simulation.PURCHASES
    assert found is not None
    assert found.r == pytest.approx(given.r, rel=0.05)
    assert found.alpha == pytest.approx(given.alpha, rel=0.05)
    assert found.a / (found.a + found.b) == pytest.approx(given.a / (given.a + given.b), rel=0.05)
    assert found.a == pytest.approx(given.a, rel=0.15)


def test_whoever_ordered_once_counts_as_alive_which_is_why_churn_is_not_this() -> None:
    given = Parameters(0.243, 4.414, 0.793, 2.426)

    alive = bgnbd.probability_alive(
        given, np.array([0, 0, 3]), np.array([0.0, 0.0, 5.0]), np.array([1.0, 500.0, 500.0])
    )

    assert alive[:2].tolist() == [1.0, 1.0]
    assert alive[2] < 0.05


@pytest.mark.parametrize("members", [0, 1, 300])
def test_members_of_one_day_alone_fit_nothing(members: int) -> None:
    nothing = np.zeros(members)

    assert bgnbd.fit(nothing, nothing, nothing) is None


def _closed_form(
    given: Parameters, horizon: float, x: np.ndarray, t_x: np.ndarray, age: np.ndarray
) -> np.ndarray:
    """Equation (10) of Fader, Hardie & Lee (2005)."""
    r, alpha, a, b = given.r, given.alpha, given.a, given.b
    series = hyp2f1(r + x, b + x, a + b + x - 1, horizon / (alpha + age + horizon))
    grown = ((alpha + age) / (alpha + age + horizon)) ** (r + x) * series
    left = (x > 0) * a / (b + x - 1) * ((alpha + age) / (alpha + t_x)) ** (r + x)
    return (a + b + x - 1) / (a - 1) * (1 - grown) / (1 + left)


def _by_definition(given: Parameters, horizon: float, x: int, age: float) -> float:
    """The mean over p of the orders of somebody alive who leaves with p, by ln(p / (1 - p))."""
    high, reach = given.b + x, horizon / (given.alpha + age)
    middle = np.log(given.a / high)
    logit = np.linspace(middle - min(60 / given.a + 5, 40_000), middle + 60, 2_000_000)
    log_p, log_rest = -np.logaddexp(0, -logit), -np.logaddexp(0, logit)
    p = np.exp(np.maximum(log_p, -600))
    orders = -np.expm1(-(given.r + x) * np.log1p(p * reach)) / p
    density = np.exp(given.a * log_p + high * log_rest - betaln(given.a, high))
    return float(trapezoid(orders * density, logit))
