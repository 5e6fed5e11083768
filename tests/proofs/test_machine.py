"""The books hold under a shop's random life: a short one with all tests, a long one as proof."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Engine

from tests.proofs.machine import Life


def test_books_hold_under_a_shops_random_life(engine: Engine) -> None:
    _live(engine, lives=8, steps=20)


@pytest.mark.proof
def test_books_hold_under_a_long_random_life(engine: Engine) -> None:
    _live(engine, lives=250, steps=80)


def _live(engine: Engine, *, lives: int, steps: int) -> None:
    run_state_machine_as_test(
        lambda: Life(engine),
        settings=settings(
            max_examples=lives,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
