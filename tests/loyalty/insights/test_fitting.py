"""A search that meets a NaN turns round, tries elsewhere, and says in the end that it has none."""

import numpy as np

from loyalty.insights.fitting import likeliest


def _bowl(logs: np.ndarray) -> tuple[float, np.ndarray]:
    return float(((logs - 2) ** 2).sum()), 2 * (logs - 2)


def test_the_least_value_is_found() -> None:
    found = likeliest(_bowl, [(0.0, 0.0)], (-9, 9))

    assert found is not None
    assert np.allclose(found, 2)


def test_a_start_from_which_nothing_can_be_computed_gives_way_to_the_next() -> None:
    def objective(logs: np.ndarray) -> tuple[float, np.ndarray]:
        return _bowl(logs) if logs[0] > 0 else (np.nan, np.full(2, np.nan))

    found = likeliest(objective, [(-3.0, 0.0), (1.0, 1.0)], (-9, 9))

    assert found is not None
    assert np.allclose(found, 2)


def test_a_gradient_that_is_no_number_is_done_without() -> None:
    def objective(logs: np.ndarray) -> tuple[float, np.ndarray]:
        return _bowl(logs)[0], np.full(2, np.nan)

    found = likeliest(objective, [(0.0, 0.0)], (-9, 9))

    assert found is not None
    assert np.allclose(found, 2, atol=1e-3)


def test_nothing_finite_is_none() -> None:
    def objective(logs: np.ndarray) -> tuple[float, np.ndarray]:
        return np.nan, np.full(2, np.nan)

    assert likeliest(objective, [(0.0, 0.0), (1.0, 1.0)], (-9, 9)) is None
