"""Worked cases of earning: which rule gives what, and what multiplies it.

Each case stands in docs/rules.md with its arithmetic. Unless it says otherwise one point is earned
for 1.00, rounded down, in Madrid.
"""

from datetime import datetime
from decimal import Decimal

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from loyalty.audit import AuditRow
from loyalty.base.errors import BadRule
from loyalty.members.tables import Member
from loyalty.programme.tables import EarningRule
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_refund, an_order
from tests.loyalty.earning.cast import (
    comes,
    no_rules,
    posted,
    product,
    promotion,
    rule,
    total,
)
from tests.loyalty.tiers.cast import have_tiers
from tests.loyalty.worked_cases.earning_cast import DAY, LATER, of


@pytest.mark.parametrize(
    ("at", "points"),
    [
        (NOON.replace(day=21, hour=22, minute=59), 0),
        (NOON.replace(day=21, hour=23), 10),
        (NOON.replace(day=22, hour=22, minute=59), 10),
        (NOON.replace(day=22, hour=23), 0),
    ],
)
def test_earning_12_both_days_of_a_rule_are_shop_local_and_inclusive(
    session: Session, aurora: Shop, alice: Member, at: datetime, points: int
) -> None:
    no_rules(session, aurora)
    rule(session, aurora, starts_on="2026-11-22", ends_on="2026-11-22")

    comes(session, aurora, an_order(processed_at=at))

    assert total(session) == points


def test_earning_13_a_rule_counts_the_lines_of_its_collection_product_and_tag(
    session: Session, aurora: Shop, alice: Member
) -> None:
    no_rules(session, aurora)
    product(session, aurora, 1, collections=[31], tags=["Sale"])
    product(session, aurora, 2)
    for number, asked in enumerate(({"collections": [31]}, {"products": [1]}, {"tags": ["sale"]})):
        rule(session, aurora, name=f"Rule {number}", conditions=asked)

    comes(session, aurora, an_order(5123, of(1000, 1, product_id=1), of(500, 2, product_id=2)))

    assert [points for _, points in posted(session)] == [10, 10, 10]


def test_earning_14_a_channel_and_the_first_order(
    session: Session, aurora: Shop, alice: Member
) -> None:
    no_rules(session, aurora)
    rule(session, aurora, conditions={"channels": ["pos"]})
    rule(session, aurora, gives="fixed", fixed_points=200, conditions={"first_order": True})

    comes(session, aurora, an_order(1), an_order(2, source_name="pos", processed_at=LATER))

    assert [points for _, points in posted(session)] == [200, 10]


@pytest.mark.parametrize(("amount_minor", "points"), [(4999, 0), (5000, 50)])
def test_earning_15_the_bound_of_a_minimum_is_inclusive(
    session: Session, aurora: Shop, alice: Member, amount_minor: int, points: int
) -> None:
    no_rules(session, aurora)
    rule(session, aurora, conditions={"minimum_minor": 5000})

    comes(session, aurora, an_order(5123, of(amount_minor)))

    assert total(session) == points


def test_earning_16_an_exclusive_rule_takes_its_lines_from_all_stackable_ones(
    session: Session, aurora: Shop, alice: Member
) -> None:
    product(session, aurora, 1, tags=["outlet"])
    rule(session, aurora, points_per_unit="2")
    asked = {"conditions": {"tags": ["outlet"]}, "is_exclusive": True}
    rule(session, aurora, points_per_unit="0.1", **asked)

    comes(session, aurora, an_order(5123, of(1000, 1, product_id=1), of(500, 2, product_id=None)))

    assert sorted(points for _, points in posted(session)) == [1, 5, 10]


def test_earning_17_the_priority_nearest_1_wins_though_it_gives_less(
    session: Session, aurora: Shop, alice: Member
) -> None:
    rule(session, aurora, points_per_unit="9", is_exclusive=True, priority=2)
    rule(session, aurora, points_per_unit="3", is_exclusive=True, priority=1)

    comes(session, aurora, an_order())

    assert total(session) == 30


def test_earning_18_then_more_points_on_that_line_after_multipliers_unrounded(
    session: Session, aurora: Shop, alice: Member
) -> None:
    rule(session, aurora, is_exclusive=True)
    rule(session, aurora, gives="fixed", fixed_points=15, is_exclusive=True)
    promotion(session, aurora, "2", starts_on="2026-11-23")

    comes(session, aurora, an_order(1, of(990)), an_order(2, of(990), processed_at=NOON + DAY))

    assert [points for _, points in posted(session)] == [15, 19]


def test_earning_19_then_the_rule_created_first(
    session: Session, aurora: Shop, alice: Member
) -> None:
    no_rules(session, aurora)
    younger = rule(session, aurora, rounding="ceil", is_exclusive=True)
    older = rule(session, aurora, rounding="floor", is_exclusive=True)
    older.created_at = younger.created_at - DAY
    session.flush()

    comes(session, aurora, an_order(5123, of(1050)))

    assert total(session) == 10


def test_earning_20_conditions_look_at_the_whole_order_before_any_rule_takes_lines(
    session: Session, aurora: Shop, alice: Member
) -> None:
    product(session, aurora, 1, tags=["outlet"])
    no_rules(session, aurora)
    rule(session, aurora, points_per_unit="5", conditions={"minimum_minor": 5000})
    rule(session, aurora, is_exclusive=True, conditions={"tags": ["outlet"]})

    comes(session, aurora, an_order(5123, of(4000, 1, product_id=1), of(1000, 2, product_id=None)))

    assert sorted(points for _, points in posted(session)) == [40, 50]


def test_earning_21_a_refund_that_falls_below_a_minimum_keeps_the_rest(
    session: Session, aurora: Shop, alice: Member
) -> None:
    no_rules(session, aurora)
    rule(session, aurora, conditions={"minimum_minor": 5000})
    comes(session, aurora, an_order(5123, of(6000, quantity=3)))

    comes(session, aurora, a_refund())

    assert total(session) == 40


def test_earning_22_an_edit_earns_for_the_added_lines_only(
    session: Session, aurora: Shop, alice: Member
) -> None:
    no_rules(session, aurora)
    rule(session, aurora, conditions={"minimum_minor": 5000})
    comes(session, aurora, an_order(5123, of(4000)))
    assert total(session) == 0

    comes(session, aurora, an_order(5123, of(4000), of(2000, 2), updated_at=LATER))

    assert total(session) == 20


def test_earning_23_an_exclusive_rule_whose_conditions_fail_takes_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    rule(session, aurora, is_exclusive=True, conditions={"minimum_minor": 100_000})

    comes(session, aurora, an_order())

    assert total(session) == 10


def test_earning_24_multipliers_are_tier_times_promotion(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, ("Silver", 1000, "1.5"))
    promotion(session, aurora, "2")
    comes(session, aurora, an_order(1, of(1000)))

    comes(session, aurora, an_order(2, of(1000), processed_at=LATER))

    assert [points for _, points in posted(session)] == [20, 30]


def test_earning_25_fixed_awards_are_never_multiplied(
    session: Session, aurora: Shop, alice: Member
) -> None:
    no_rules(session, aurora)
    rule(session, aurora, gives="fixed", fixed_points=100)
    promotion(session, aurora, "2")

    comes(session, aurora, an_order())

    assert total(session) == 100


def test_earning_26_of_promotions_the_best_is_taken_per_line(
    session: Session, aurora: Shop, alice: Member
) -> None:
    product(session, aurora, 1, tags=["sale"])
    promotion(session, aurora, "2")
    promotion(session, aurora, "3", conditions={"tags": ["sale"]})

    comes(session, aurora, an_order(5123, of(1000, 1, product_id=1), of(1000, 2, product_id=None)))

    assert total(session) == 50


@pytest.mark.parametrize("rate", ["0", "-1", None, "NaN"])
def test_earning_34_an_unusable_rule_is_refused_when_saved(
    session: Session, aurora: Shop, alice: Member, rate: str | None
) -> None:
    with pytest.raises(BadRule) as refusal:
        rule(session, aurora, points_per_unit=rate)
    comes(session, aurora, an_order())

    assert (refusal.value.field, total(session)) == ("points_per_unit", 10)


def test_earning_35_met_at_run_time_it_earns_0_and_is_reported(
    session: Session, aurora: Shop, alice: Member
) -> None:
    no_rules(session, aurora)
    made = rule(session, aurora)
    broken = update(EarningRule).where(EarningRule.id == made.id)
    session.execute(broken.values(points_per_unit=Decimal("NaN")))
    session.expire_all()

    comes(session, aurora, an_order())

    reported = select(AuditRow.subject_id).where(AuditRow.action == "earning_rule_unusable")
    assert total(session) == 0
    assert session.scalars(reported).all() == [str(made.id)]
