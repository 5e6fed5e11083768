"""Which rules give what for which lines, worked out without a database."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from loyalty.earning.conditions import Conditions
from loyalty.earning.model import SHIPPING, TierHeld
from tests.factories.facts import NOON
from tests.factories.rules import (
    TODAY,
    a_fixed_rule,
    a_line_of,
    a_product,
    a_promotion,
    a_rule,
    plan,
    points_by_rule,
)


@pytest.mark.parametrize(("rounding", "points"), [("floor", 10), ("half_up", 11), ("ceil", 11)])
def test_an_award_is_rounded_once_as_its_rule_says(rounding: str, points: int) -> None:
    plans = plan(a_line_of(525, 1), a_line_of(525, 2), rules=[a_rule(rounding=rounding)])

    # 5.25 + 5.25 = 10.50; rounded by line it would be 10 (floor, half up) or 12 (ceil).
    assert [one.points for one in plans] == [points]


def test_half_up_rounds_down_below_a_half() -> None:
    assert plan(a_line_of(1049), rules=[a_rule(rounding="half_up")])[0].points == 10


def test_stackable_rules_are_rounded_apart_and_added() -> None:
    half = a_rule(2, points_per_unit=Decimal("0.5"))

    plans = plan(a_line_of(1050), rules=[a_rule(1), half])

    # floor(10.50) + floor(5.25) = 10 + 5
    assert points_by_rule(plans) == {1: 10, 2: 5}


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "earns"),
    [
        (TODAY, TODAY, True),
        (None, TODAY, True),
        (TODAY, None, True),
        (TODAY + timedelta(days=1), None, False),
        (None, TODAY - timedelta(days=1), False),
    ],
)
def test_both_days_of_a_rule_are_its_own(
    starts_on: date | None, ends_on: date | None, earns: bool
) -> None:
    plans = plan(a_line_of(), rules=[a_rule(starts_on=starts_on, ends_on=ends_on)])

    assert bool(plans) is earns


@pytest.mark.parametrize(("basis_minor", "points"), [(4999, []), (5000, [50])])
def test_a_minimum_may_be_met_exactly(basis_minor: int, points: list[int]) -> None:
    rule = a_rule(conditions=Conditions(minimum_minor=5000))

    assert [one.points for one in plan(a_line_of(basis_minor), rules=[rule])] == points


def test_a_minimum_asks_the_whole_order_and_the_lines_earn_that_match() -> None:
    rule = a_rule(conditions=Conditions(minimum_minor=5000, products=frozenset({9001})))
    lines = (a_line_of(2000, 1), a_line_of(3000, 2, product_id=9002))

    [award] = plan(*lines, rules=[rule])

    assert (award.points, [line.line_id for line in award.lines]) == (20, [1])


def test_a_minimum_looks_at_what_is_still_there() -> None:
    rule = a_rule(conditions=Conditions(minimum_minor=5000))
    line = a_line_of(6000, quantity=3, present=2)

    # 60.00 × 2/3 = 40.00 < 50.00
    assert plan(line, rules=[rule]) == []


def test_an_exclusive_rule_takes_its_lines_even_when_others_would_give_more() -> None:
    exclusive = a_rule(
        2,
        is_exclusive=True,
        points_per_unit=Decimal("0.1"),
        conditions=Conditions(products=frozenset({9001})),
    )
    lines = (a_line_of(1000, 1), a_line_of(2000, 2, product_id=9002))

    plans = plan(*lines, rules=[a_rule(1), exclusive])

    # line 1: 10.00 × 0.1 = 1 by the exclusive rule alone; line 2: 20.00 × 1
    assert points_by_rule(plans) == {1: 20, 2: 1}


def test_an_exclusive_rule_whose_conditions_fail_takes_nothing() -> None:
    exclusive = a_rule(2, is_exclusive=True, conditions=Conditions(minimum_minor=100_000))

    assert points_by_rule(plan(a_line_of(), rules=[a_rule(1), exclusive])) == {1: 10}


TIES: list[tuple[str, dict[str, Any], dict[str, Any], int]] = [
    ("priority nearest 1", {"priority": 1}, {"priority": 2, "points_per_unit": Decimal(9)}, 1),
    ("then more points", {"points_per_unit": Decimal(2)}, {"points_per_unit": Decimal(3)}, 2),
    ("then the one created first", {"created_at": NOON}, {"created_at": NOON - timedelta(1)}, 2),
    ("then the lower id", {}, {}, 1),
]


@pytest.mark.parametrize(("why", "first", "second", "winner"), TIES, ids=[t[0] for t in TIES])
def test_of_exclusive_rules_one_takes_the_line(
    why: str, first: dict[str, Any], second: dict[str, Any], winner: int
) -> None:
    rules = [a_rule(1, is_exclusive=True, **first), a_rule(2, is_exclusive=True, **second)]

    for order in permutations(rules):
        assert list(points_by_rule(plan(a_line_of(), rules=order))) == [winner]


def test_more_points_is_asked_of_the_line_after_multipliers_unrounded() -> None:
    # On 9.90: the fixed 19 beat 9.9 and, doubled by the promotion, lose to 19.8.
    per_unit = a_rule(1, is_exclusive=True)
    fixed = a_fixed_rule(2, points=19, is_exclusive=True)

    plain = plan(a_line_of(990), rules=[per_unit, fixed])
    doubled = plan(a_line_of(990), rules=[per_unit, fixed], promotions=[a_promotion()])

    assert (points_by_rule(plain), points_by_rule(doubled)) == ({2: 19}, {1: 19})


def test_of_promotions_the_best_is_taken_per_line_and_none_multiplies_another() -> None:
    double = a_promotion(1, "2")
    triple = a_promotion(2, "3", conditions=Conditions(tags=frozenset({"sale"})))
    lines = (a_line_of(1000, 1), a_line_of(1000, 2, product_id=9002))
    products = {9001: a_product(9001), 9002: a_product(9002, tags=["sale"])}

    [award] = plan(*lines, promotions=[double, triple], products=products)

    # 10.00 × 2 + 10.00 × 3 = 50, not 10.00 × 2 + 10.00 × 6
    assert award.points == 50
    assert [line.promotion_id for line in award.lines] == [double.id, triple.id]


def test_tier_and_promotion_multiply_points_per_amount() -> None:
    tier = TierHeld(None, Decimal("1.25"))

    [award] = plan(a_line_of(1000), promotions=[a_promotion(1, "2")], tier=tier)

    assert (award.points, award.basis) == (25, Decimal("2500"))  # 10.00 × 1.25 × 2


def test_fixed_points_are_never_multiplied() -> None:
    tier = TierHeld(None, Decimal(2))

    [award] = plan(a_line_of(), rules=[a_fixed_rule()], promotions=[a_promotion()], tier=tier)

    assert (award.points, award.basis) == (100, Decimal(1000))


def test_added_pieces_alone_earn_and_nothing_that_was_looked_at_before() -> None:
    lines = (a_line_of(3000, 1, quantity=3), a_line_of(500, 2))

    [award] = plan(*lines, covered={1: 2, 2: 1})

    assert [(line.line_id, line.quantity, line.basis_minor) for line in award.lines] == [
        (1, 1, 1000)
    ]


def test_an_order_that_reaches_a_minimum_by_an_edit_earns_for_what_was_added() -> None:
    rule = a_rule(conditions=Conditions(minimum_minor=5000))
    lines = (a_line_of(4000, 1), a_line_of(2000, 2))

    [award] = plan(*lines, rules=[rule], covered={1: 1})

    assert award.points == 20


def test_a_rule_that_gave_already_is_not_asked_its_minimum_again() -> None:
    rule = a_rule(conditions=Conditions(minimum_minor=5000))
    lines = (a_line_of(6000, 1, present=0), a_line_of(500, 2))

    given = plan(*lines, rules=[rule], covered={1: 1}, order={"rules_awarded": {rule.id}})
    not_given = plan(*lines, rules=[rule], covered={1: 1})

    assert ([one.points for one in given], not_given) == ([5], [])


def test_a_fixed_rule_gives_once_per_order_and_then_takes_no_more_lines() -> None:
    fixed = a_fixed_rule(2, is_exclusive=True)
    lines = (a_line_of(1000, 1), a_line_of(1000, 2))

    plans = plan(
        *lines, rules=[a_rule(1), fixed], covered={1: 1}, order={"rules_awarded": {fixed.id}}
    )

    assert points_by_rule(plans) == {1: 10}


CONDITIONS: list[tuple[Conditions, dict[str, Any], bool]] = [
    (Conditions(channels=frozenset({"pos"})), {"order": {"source_name": "pos"}}, True),
    (Conditions(channels=frozenset({"pos"})), {"order": {"source_name": "web"}}, False),
    (Conditions(channels=frozenset({"pos"})), {"order": {"source_name": None}}, False),
    (Conditions(locations=frozenset({7})), {"order": {"location_id": 7}}, True),
    (Conditions(locations=frozenset({7})), {"order": {"location_id": None}}, False),
    (Conditions(first_order=True), {"is_first_order": True}, True),
    (Conditions(first_order=True), {"is_first_order": False}, False),
    (Conditions(collections=frozenset({3, 4})), {"products": {9001: a_product(collections=[4])}},
     True),
    (Conditions(collections=frozenset({3})), {"products": {9001: a_product(collections=[4])}},
     False),
    (Conditions(tags=frozenset({"sale"})), {"products": {9001: a_product(tags=["sale"])}}, True),
    (Conditions(tags=frozenset({"sale"})), {"products": {}}, False),
    (Conditions(tags=frozenset({"sale"}), products=frozenset({1})),
     {"products": {9001: a_product(tags=["sale"])}}, False),
]  # fmt: skip


@pytest.mark.parametrize(("conditions", "given", "earns"), CONDITIONS)
def test_a_rule_earns_where_all_its_conditions_hold(
    conditions: Conditions, given: dict[str, Any], earns: bool
) -> None:
    assert bool(plan(a_line_of(), rules=[a_rule(conditions=conditions)], **given)) is earns


def test_a_rule_with_a_fault_earns_nothing_and_takes_nothing() -> None:
    broken = a_rule(2, is_exclusive=True, points_per_unit=Decimal("NaN"), fault="rate")

    assert points_by_rule(plan(a_line_of(), rules=[a_rule(1), broken])) == {1: 10}


def test_shipping_earns_by_rules_without_a_choice_of_products() -> None:
    chosen = a_rule(2, conditions=Conditions(products=frozenset({9001})))
    lines = (a_line_of(1000, 1), a_line_of(490, SHIPPING, product_id=None))

    # floor(10.00 + 4.90) by rule 1, floor(10.00) by rule 2
    assert points_by_rule(plan(*lines, rules=[a_rule(1), chosen])) == {1: 14, 2: 10}


def test_money_without_decimals_counts_whole_units() -> None:
    [award] = plan(a_line_of(1000), order={"currency": "JPY"})

    assert award.points == 1000
