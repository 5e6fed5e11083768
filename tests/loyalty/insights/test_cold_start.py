"""What is said of a shop that has not shown enough."""

import numpy as np
import pytest

from loyalty.insights import cold_start
from loyalty.insights.cold_start import NotYet


@pytest.mark.parametrize(
    ("repeat_buyers", "history_days", "why"),
    [
        (200, 90, ()),
        (199, 90, (NotYet.TOO_FEW_REPEAT_BUYERS,)),
        (200, 89, (NotYet.TOO_YOUNG,)),
        (0, 7, (NotYet.TOO_FEW_REPEAT_BUYERS, NotYet.TOO_YOUNG)),
    ],
)
def test_two_hundred_repeat_buyers_and_ninety_days_are_enough(
    repeat_buyers: int, history_days: int, why: tuple[NotYet, ...]
) -> None:
    assert cold_start.reasons(repeat_buyers=repeat_buyers, history_days=history_days) == why


def test_the_reason_names_what_the_shop_has_and_what_is_needed() -> None:
    said = cold_start.in_words(NotYet.TOO_FEW_REPEAT_BUYERS, repeat_buyers=41, history_days=300)

    assert str(said) == (
        "Predictions need 200 members who have ordered on more than one day. So far: 41."
    )


def test_every_reason_has_words() -> None:
    for why in NotYet:
        assert str(cold_start.in_words(why, repeat_buyers=1, history_days=2))


def test_risk_is_days_away_against_the_members_own_gap() -> None:
    recency, gaps = np.array([30, 60, 61, 0]), np.array([30.0, 30.0, 30.0, 30.0])

    p_return, has = cold_start.rule_of_thumb(recency, gaps, 0.0)

    assert p_return[:2].tolist() == [0.5, 0.2]
    assert p_return[2] < 0.2 < p_return[3] == 1
    assert has.all()


def test_whoever_ordered_once_is_held_against_the_shops_gap_if_one_is_known() -> None:
    once = np.array([0.0])

    assert cold_start.rule_of_thumb(np.array([40]), once, 20.0)[0].tolist() == [0.2]
    p_return, has = cold_start.rule_of_thumb(np.array([40]), once, 0.0)
    assert (p_return.tolist(), has.tolist()) == ([0.0], [False])
