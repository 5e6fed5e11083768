"""The books hold under a shop's random life: a short one with all tests, a long one as proof."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Engine

from tests.proofs.machine import Life
from tests.proofs.model_tiers import NO_TIER, Ladder
from tests.proofs.shop import Terms


def test_books_hold_under_a_shops_random_life(engine: Engine) -> None:
    _live(engine, lives=8, steps=20)


@pytest.mark.proof
def test_books_hold_under_a_long_random_life(engine: Engine) -> None:
    _live(engine, lives=250, steps=80)


def test_a_life_knows_what_is_still_on_hold_at_a_return(engine: Engine) -> None:
    life = Life(engine)
    try:
        life.install(Terms(hold_days=14), [], Ladder("spend", "lifetime", 30, (99_999,)))
        life.buy(501, [(2500, 1, 0)], True)
        life.arrive_all_newest_first()
        life.grant(501, 30)

        life.be_away(501, days=6)
        life.books_are_right()

        assert life.shop
        assert (life.shop.account(501).available, life.shop.account(501).pending) == (30, 25)
    finally:
        life.teardown()


def test_a_life_keeps_a_tier_to_the_end_of_the_next_year_and_its_grace(engine: Engine) -> None:
    life = Life(engine)
    try:
        life.install(Terms(), [], Ladder("spend", "calendar", 30, (2_000,)))
        life.buy(501, [(2500, 1, 0)], True)
        life.arrive_all_newest_first()
        assert life.held(501) == 0

        life.sleep(400)
        life.sleep(29)
        assert life.held(501) == 0, "25 January: what was won in 2026 lasts to 30 January 2028"
        life.sleep(29)

        assert (life.held(501), life.held(502)) == (NO_TIER, NO_TIER)
    finally:
        life.teardown()


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
