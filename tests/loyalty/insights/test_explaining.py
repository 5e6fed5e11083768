"""A score in a sentence."""

import pytest

from loyalty.insights.explaining import PATTERNS, explain


@pytest.mark.parametrize(
    ("orders", "gap", "days", "p_return", "is_calibrated", "said"),
    [
        (
            4,
            31.0,
            58,
            0.6,
            True,
            "ordered 4 times, every 31 days, last 58 days ago: most who look like this come back",
        ),
        (1, 0.0, 300, 0.03, True, "ordered once, 300 days ago: few who look like this come back"),
        (1, 0.0, 0, 0.2, True, "ordered once, today: some who look like this come back"),
        (
            40,
            0.8,
            1,
            0.8,
            True,
            "ordered 40 times, every day, last yesterday: nearly all who look like this come back",
        ),
        (
            1,
            0.0,
            3,
            None,
            False,
            "ordered once, 3 days ago: too early to say",
        ),
        (
            3,
            7.0,
            8,
            0.43,
            False,
            "ordered 3 times, every 7 days, last 8 days ago: longer away than usual",
        ),
        (0, 0.0, 0, None, True, "has not ordered yet"),
    ],
)
def test_the_sentence_says_what_they_did_and_what_others_like_them_do(
    orders: int, gap: float, days: int, p_return: float | None, is_calibrated: bool, said: str
) -> None:
    explanation = explain(
        orders=orders,
        gap_days=gap,
        last_days_ago=days,
        p_return=p_return,
        is_calibrated=is_calibrated,
    )

    assert str(explanation) == said


def test_a_rule_of_thumb_never_speaks_of_others() -> None:
    for p_return in (None, 0.0, 0.2, 0.5, 1.0):
        said = explain(
            orders=2, gap_days=9, last_days_ago=4, p_return=p_return, is_calibrated=False
        )
        assert "look like this" not in str(said)


def test_a_page_translates_each_half() -> None:
    words = {
        "ordered once, %(days)d days ago": "einmal bestellt, vor %(days)d Tagen",
        "few who look like this come back": "wenige wie sie kommen wieder",
    }
    explanation = explain(orders=1, gap_days=0, last_days_ago=90, p_return=0.1, is_calibrated=True)

    assert explanation.translated(words.__getitem__) == (
        "einmal bestellt, vor 90 Tagen: wenige wie sie kommen wieder"
    )
    assert set(words) <= set(PATTERNS)
