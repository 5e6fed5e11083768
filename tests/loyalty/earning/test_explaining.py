"""Why N points, and what a rule would have earned."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from loyalty.base.errors import BadRule, OrderNotFound, RuleNotFound
from loyalty.earning.explaining import explain_order
from loyalty.earning.saving import change_rule
from loyalty.earning.trying import DryRun, dry_run
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_line, a_refund, an_order
from tests.loyalty.earning.cast import (
    OPERATOR,
    comes,
    no_rules,
    posted,
    product,
    promotion,
    rule,
    settings,
    total,
)

TODAY = date(2026, 11, 22)
DAY = timedelta(days=1)


def test_an_order_is_explained_line_by_line(session: Session, aurora: Shop, alice: Member) -> None:
    # given a doubled tag, shipping that earns, and one of three pieces refunded
    no_rules(session, aurora)
    product(session, aurora, 9001, tags=["sale"])
    settings(session, aurora, counts_shipping=True)
    made = rule(session, aurora, name="Points", points_per_unit="1.5")
    promotion(session, aurora, "2", name="Sale week", conditions={"tags": ["sale"]})
    lines = (
        a_line(1, quantity=3, gross_minor=3000, title="Candle"),
        a_line(2, gross_minor=5000, title="Gift card", is_gift_card=True),
    )
    comes(session, aurora, an_order(5123, *lines, shipping_minor=450), a_refund(lines=((1, 1),)))
    # when the rule has changed since
    change_rule(
        session,
        aurora.shop_id,
        made.id,
        {"name": "Renamed", "points_per_unit": "9"},
        actor=OPERATOR,
        now=NOON,
    )
    found = explain_order(session, aurora.shop_id, 5123)
    # then 30.00 × 2 × 1.5 + 4.50 × 1.5 = 90 + 6.75 → 96; 20.00 of 64.50 weighted went back
    [award] = found.awards
    assert (award.rule, award.rule_version, award.points_per_unit) == ("Points", 1, Decimal("1.5"))
    assert (award.points, award.removed, award.reversed_points, award.standing_points) == (
        96,
        Fraction(2000, 6450),
        29,  # floor(96 × 2000 ÷ 6450) = floor(29.76…)
        67,
    )
    assert found.points == total(session) == 67
    assert [
        (line.title, line.quantity, line.basis_minor, line.multiplier, line.points, line.promotion)
        for line in award.lines
    ] == [
        ("Candle", 3, 3000, Decimal(2), Decimal(90), "Sale week"),
        ("Shipping", 1, 450, Decimal(1), Decimal("6.75"), None),
    ]
    assert [line.removed for line in award.lines] == [Fraction(1, 3), 0]
    assert (found.state, found.without_award) == ("earned", ("Gift card",))


def test_fixed_points_are_explained_without_points_per_line(
    session: Session, aurora: Shop, alice: Member
) -> None:
    no_rules(session, aurora)
    rule(session, aurora, gives="fixed", fixed_points=100)
    comes(session, aurora, an_order())

    [award] = explain_order(session, aurora.shop_id, 5123).awards

    assert (award.points, award.points_per_unit, award.lines[0].points) == (100, None, None)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"is_test": True}, "test"),
        ({"created_at": NOON - 31 * DAY}, "history"),
        ({"customer_id": None}, "nobody's"),
        ({"cancelled_at": NOON}, "cancelled"),
        ({"is_paid": False}, "unpaid"),
        ({"lines": (a_line(product_id=4711),)}, "waits for product"),
    ],
)
def test_an_order_without_points_says_why(
    session: Session, aurora: Shop, alice: Member, changes: dict[str, Any], state: str
) -> None:
    product(session, aurora, 9001)
    rule(session, aurora, points_per_unit="2", conditions={"tags": ["sale"]})
    comes(session, aurora, an_order(**changes))

    found = explain_order(session, aurora.shop_id, 5123)

    assert (found.state, found.points, found.awards) == (state, 0, ())


def test_an_order_that_the_shop_does_not_have_is_not_explained(
    session: Session, aurora: Shop
) -> None:
    with pytest.raises(OrderNotFound):
        explain_order(session, aurora.shop_id, 4711)


# --- Dry runs


def try_rule(session: Session, shop: Shop, **given: Any) -> DryRun:
    asked: dict[str, Any] = {"first_on": TODAY, "last_on": TODAY, "rule_id": None}
    asked |= {name: given.pop(name) for name in list(given) if name in asked}
    if asked["rule_id"] is None:
        given = {"name": "Tried", "points_per_unit": "2"} | given
    return dry_run(session, shop, given, now=NOON, **asked)


@contextmanager
def no_writes(session: Session) -> Iterator[list[str]]:
    """The statements meanwhile that write or lock; there must be none."""
    found: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        words = statement.upper()
        if words.lstrip().startswith(("INSERT", "UPDATE", "DELETE")) or "FOR UPDATE" in words:
            found.append(statement)

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    yield found
    event.remove(connection, "before_cursor_execute", note)
    assert found == []


def test_a_dry_run_says_what_a_rule_would_have_earned_and_writes_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    comes(session, aurora, an_order(1), an_order(2, a_line(gross_minor=555)))
    comes(session, aurora, an_order(3, is_paid=False), an_order(4, is_test=True))
    before = posted(session)

    with no_writes(session):
        found = try_rule(session, aurora)

    # 10.00 × 2 + floor(5.55 × 2); the rule in force gave 10 + 5 and would go on to
    assert found == DryRun(
        orders=2,
        rewarded=2,
        members=1,
        points=31,
        others_before=15,
        others_after=15,
        unknown_products=0,
    )
    assert posted(session) == before


def test_a_dry_run_of_an_exclusive_rule_tells_what_others_would_lose(
    session: Session, aurora: Shop, alice: Member
) -> None:
    product(session, aurora, 9001, tags=["sale"])
    comes(session, aurora, an_order(1, a_line(1), a_line(2, product_id=None, gross_minor=700)))

    found = try_rule(session, aurora, is_exclusive=True, conditions={"tags": ["sale"]})

    # Line 1 is taken: 20 instead of 10; line 2 stays with the other rule: 7.
    assert (found.points, found.others_before, found.others_after) == (20, 17, 7)


def test_a_dry_run_counts_what_was_refunded_since(
    session: Session, aurora: Shop, alice: Member
) -> None:
    comes(session, aurora, an_order(5123, a_line(quantity=2, gross_minor=2000)), a_refund())

    assert try_rule(session, aurora).points == 20  # 40 − floor(40 × 1/2)


def test_a_dry_run_of_a_saved_rule_leaves_its_own_dates_out(
    session: Session, aurora: Shop, alice: Member
) -> None:
    planned = rule(session, aurora, points_per_unit="3", starts_on="2027-01-01")
    comes(session, aurora, an_order())

    found = try_rule(session, aurora, rule_id=planned.id)
    changed = try_rule(session, aurora, rule_id=planned.id, points_per_unit="4")

    assert (found.points, changed.points, found.others_before) == (30, 40, 10)


@pytest.mark.parametrize(("day", "orders"), [(21, 0), (22, 1), (23, 0)])
def test_the_days_of_a_dry_run_are_the_shops(
    session: Session, aurora: Shop, alice: Member, day: int, orders: int
) -> None:
    # Madrid's 22 November begins at 23:00 UTC on the 21st.
    at = NOON.replace(day=21, hour=23)
    comes(session, aurora, an_order(processed_at=at))

    on = date(2026, 11, day)
    assert try_rule(session, aurora, first_on=on, last_on=on).orders == orders


def test_a_dry_run_names_orders_whose_products_are_unknown(
    session: Session, aurora: Shop, alice: Member
) -> None:
    comes(session, aurora, an_order())

    found = try_rule(session, aurora, conditions={"tags": ["sale"]})

    assert (found.rewarded, found.unknown_products) == (0, 1)


def test_a_dry_run_that_makes_no_sense_is_refused(session: Session, aurora: Shop) -> None:
    for given, field in (
        ({"first_on": TODAY, "last_on": TODAY - DAY}, "period"),
        ({"first_on": TODAY - 366 * DAY}, "period"),
        ({"points_per_unit": "0"}, "points_per_unit"),
        ({"kind": "signup", "gives": "fixed", "fixed_points": 5, "points_per_unit": None}, "kind"),
    ):
        with pytest.raises(BadRule) as refusal:
            try_rule(session, aurora, **given)
        assert refusal.value.field == field
    with pytest.raises(RuleNotFound):
        try_rule(session, aurora, rule_id=uuid4())
