"""Whether criteria mean a member: every operator at its edge, and what is not known."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from loyalty.criteria.evaluating import holds
from loyalty.criteria.facts import MemberFacts
from loyalty.criteria.language import read_criteria

GOLD, SILVER = UUID(int=1), UUID(int=2)
ALICE = MemberFacts(
    today=date(2026, 11, 22),
    joined_on=date(2026, 11, 15),
    member_years=0,
    customer_since_on=None,
    enrolled_by="till",
    has_verified_email=True,
    has_birthday=False,
    birthday_month=0,
    country="ES",
    has_email=True,
    available_points=100,
    pending_points=0,
    lifetime_earned=250,
    lifetime_burned=150,
    last_active_on=date(2026, 11, 22),
    order_count=10,
    total_spend=99_99,
    average_order=10_00,
    first_order_on=date(2026, 11, 15),
    last_order_on=date(2026, 11, 22),
    has_birthday_month_order=False,
    tier=GOLD,
    is_in_top_tier=True,
    referral_count=0,
    redemption_count=1,
    last_redemption_on=date(2026, 11, 20),
    has_had_pass=False,
    check_in_count=0,
    expiring_7_days=0,
    expiring_30_days=40,
    coupon_count=1,
    ready_coupon_count=1,
    email_consent="subscribed",
    sms_consent="none",
    has_card_now=False,
    has_apple_card=False,
    has_google_card=False,
    has_hard_bounce=False,
    has_soft_bounce=False,
    churn_risk="high",
    predicted_spend=None,
    health=40,
)


def means_alice(fact: str, operator: str, value: Any) -> bool:
    return holds(read_criteria({"fact": fact, "is": operator, "value": value}), ALICE)


@pytest.mark.parametrize(
    ("fact", "operator", "yes", "no"),
    [
        ("order_count", "equals", 10, 9),
        ("order_count", "at_least", 10, 11),
        ("order_count", "at_most", 10, 9),
        ("order_count", "more_than", 9, 10),
        ("order_count", "less_than", 11, 10),
        ("total_spend", "at_least", 9_999, 10_000),
        ("has_verified_email", "equals", True, False),
        ("has_birthday", "equals", False, True),
        ("enrolled_by", "equals", "till", "account"),
        ("enrolled_by", "one_of", ["join_page", "till"], ["join_page"]),
        ("country", "equals", "ES", "FR"),
        ("birthday_month", "equals", 0, 11),
        ("email_consent", "equals", "subscribed", "unsubscribed"),
        ("sms_consent", "one_of", ["none", "asked"], ["asked", "subscribed"]),
        ("churn_risk", "one_of", ["medium", "high"], ["low", "not_yet"]),
        ("health", "less_than", 41, 40),
        ("health", "known", True, False),
        ("predicted_spend", "known", False, True),
        ("tier", "equals", str(GOLD), str(SILVER)),
        ("tier", "one_of", [str(SILVER), str(GOLD)], [str(SILVER)]),
        ("tier", "known", True, False),
        ("joined_on", "on", "2026-11-15", "2026-11-16"),
        ("joined_on", "before", "2026-11-16", "2026-11-15"),
        ("joined_on", "after", "2026-11-14", "2026-11-15"),
        ("joined_on", "within_days", 7, 6),
        ("joined_on", "longer_ago_than_days", 6, 7),
        ("last_order_on", "within_days", 0, None),
        ("customer_since_on", "known", False, True),
    ],
)
def test_operator_at_its_edge(fact: str, operator: str, yes: Any, no: Any) -> None:
    assert means_alice(fact, operator, yes)
    assert no is None or not means_alice(fact, operator, no)


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        *[("on", "2026-11-22"), ("before", "9999-12-31"), ("after", "1970-01-01")],
        *[("within_days", 36_525), ("longer_ago_than_days", 0)],
    ],
)
def test_what_is_not_known_fits_no_comparison(operator: str, value: Any) -> None:
    assert not means_alice("customer_since_on", operator, value)


def test_day_that_lies_ahead_is_not_within_the_last_days() -> None:
    tomorrow = replace(ALICE, joined_on=date(2026, 11, 23))
    within = read_criteria({"fact": "joined_on", "is": "within_days", "value": 7})

    assert not holds(within, tomorrow)


def test_all_any_and_not_mean_what_they_say() -> None:
    yes = {"fact": "order_count", "is": "equals", "value": 10}
    no = {"fact": "order_count", "is": "equals", "value": 11}

    for criteria, expected in (
        ({"all": [yes, yes]}, True),
        ({"all": [yes, no]}, False),
        ({"any": [no, yes]}, True),
        ({"any": [no, no]}, False),
        ({"not": no}, True),
        ({"not": yes}, False),
        ({"all": [{"any": [no, yes]}, {"not": no}]}, True),
    ):
        assert holds(read_criteria(criteria), ALICE) is expected
