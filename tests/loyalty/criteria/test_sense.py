"""Criteria that can never match are refused at the smallest part; whatever may match passes."""

from itertools import combinations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given

from loyalty.base.errors import BadCriteria
from loyalty.criteria.evaluating import holds
from loyalty.criteria.language import read_criteria
from loyalty.criteria.sense import check_sense
from tests.loyalty.criteria.test_evaluating import ALICE, GOLD, SILVER
from tests.loyalty.criteria.trees import trees

TIERS = (GOLD, SILVER)


def asked(fact: str, operator: str, value: Any) -> dict[str, Any]:
    return {"fact": fact, "is": operator, "value": value}


FEW, MANY = asked("order_count", "less_than", 3), asked("order_count", "more_than", 5)
NO_GOLD = asked("tier", "equals", str(UUID(int=9)))


@pytest.mark.parametrize(
    ("criteria", "field"),
    [
        (asked("order_count", "less_than", 0), ""),
        ({"not": asked("total_spend", "at_least", 0)}, ""),
        ({"all": [FEW, MANY]}, "all"),
        ({"all": [MANY, {"not": MANY}]}, "all"),
        ({"any": [MANY, {"all": [FEW, MANY]}]}, None),
        ({"any": [{"all": [FEW, MANY]}, {"all": [MANY, FEW]}]}, "any[0].all"),
        ({"all": [asked("has_birthday", "equals", True), {"not": FEW}, FEW]}, "all"),
        ({"all": [MANY, {"any": [asked("check_in_count", "less_than", 0)]}]}, "all[1].any[0]"),
        ({"all": [{"any": [FEW, asked("order_count", "equals", 4)]}, MANY]}, "all"),
        (
            {
                "all": [
                    asked("has_card_now", "equals", True),
                    asked("has_card_now", "equals", False),
                ]
            },
            "all",
        ),
        (
            {
                "all": [
                    asked("last_order_on", "within_days", 30),
                    asked("last_order_on", "longer_ago_than_days", 30),
                ]
            },
            "all",
        ),
        (
            {
                "all": [
                    asked("joined_on", "before", "2026-01-01"),
                    asked("joined_on", "after", "2025-12-31"),
                ]
            },
            "all",
        ),
        (
            {
                "all": [
                    asked("last_order_on", "known", False),
                    asked("last_order_on", "within_days", 9),
                ]
            },
            "all",
        ),
        (NO_GOLD, ""),
        ({"not": NO_GOLD}, None),
        ({"not": {"not": NO_GOLD}}, ""),
        (
            {
                "all": [
                    asked("email_consent", "equals", "none"),
                    asked("email_consent", "one_of", ["asked", "subscribed"]),
                ]
            },
            "all",
        ),
        # Tomorrow it may be so: a day and so many days ago are not held against each other.
        (
            {
                "all": [
                    asked("last_order_on", "on", "2030-01-01"),
                    asked("last_order_on", "within_days", 7),
                ]
            },
            None,
        ),
        ({"all": [{"not": asked("last_order_on", "within_days", 60)}, MANY]}, None),
        ({"all": [asked("country", "equals", "ES"), asked("country", "equals", "FR")]}, "all"),
        (
            {
                "all": [
                    {"not": asked("country", "equals", "ES")},
                    asked("country", "one_of", ["ES", "FR"]),
                ]
            },
            None,
        ),
        (asked("available_points", "less_than", 0), None),
    ],
)
def test_what_can_never_match_is_refused_with_its_place(criteria: Any, field: str | None) -> None:
    tree = read_criteria(criteria)
    if field is None:
        check_sense(tree, TIERS)
        return

    with pytest.raises(BadCriteria, match="Nobody can ever match") as refused:
        check_sense(tree, TIERS)

    assert refused.value.field == field


@given(trees(TIERS))
def test_whatever_means_somebody_passes(criteria: Any) -> None:
    tree = read_criteria(criteria)
    try:
        check_sense(tree, TIERS)
    except BadCriteria:
        assert not holds(tree, ALICE)


def test_two_tests_of_one_number_pass_only_if_some_number_meets_both() -> None:
    tests = [
        asked("coupon_count", operator, value)
        for operator in ("equals", "at_least", "at_most", "more_than", "less_than")
        for value in (0, 1, 2, 3)
    ]
    for pair in combinations(tests, 2):
        tree = read_criteria({"all": list(pair)})
        is_met = any(_fits(count, pair) for count in range(10))

        assert _passes(tree) is is_met, pair


def test_more_cases_than_are_looked_at_pass() -> None:
    two = {"any": [MANY, asked("check_in_count", "at_least", 1), FEW]}

    check_sense(read_criteria({"all": [two] * 20}), TIERS)


def _fits(count: int, pair: tuple[dict[str, Any], ...]) -> bool:
    compare = {
        "equals": count.__eq__,
        "at_least": count.__ge__,
        "at_most": count.__le__,
        "more_than": count.__gt__,
        "less_than": count.__lt__,
    }
    return all(compare[test["is"]](test["value"]) for test in pair)


def _passes(tree: Any) -> bool:
    try:
        check_sense(tree, TIERS)
    except BadCriteria:
        return False
    return True
