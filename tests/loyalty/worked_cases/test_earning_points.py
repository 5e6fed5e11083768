"""Worked cases of earning: what of an order counts, and how it is rounded.

Each case stands in docs/rules.md with its arithmetic. Unless it says otherwise one point is earned
for 1.00, rounded down, in Madrid.
"""

import pytest
from sqlalchemy.orm import Session

from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from shopify_app.platform.payloads.orders import read_order
from tests.factories import payloads
from tests.factories.facts import NOON, a_customer, an_order
from tests.loyalty.earning.cast import (
    comes,
    no_rules,
    rule,
    settings,
    total,
)
from tests.loyalty.worked_cases.earning_cast import of


def test_earning_4_a_line_counts_less_its_discounts_and_included_tax(
    session: Session, aurora: Shop, alice: Member
) -> None:
    line = of(6050 * 2, quantity=2, discount_minor=1100, included_tax_minor=1909)

    comes(session, aurora, an_order(5123, line))

    assert total(session) == 90


def test_earning_5_gift_cards_and_tips_count_for_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    lines = (of(1000), of(5000, 2, is_gift_card=True), of(300, 3, is_tip=True))

    comes(session, aurora, an_order(5123, *lines))

    assert total(session) == 10


@pytest.mark.parametrize(
    ("counts_tax", "counts_shipping", "points"),
    [(False, False, 100), (True, False, 119), (False, True, 105), (True, True, 125)],
)
def test_earning_6_tax_and_shipping_count_only_if_switched_on(
    session: Session,
    aurora: Shop,
    alice: Member,
    counts_tax: bool,
    counts_shipping: bool,
    points: int,
) -> None:
    settings(session, aurora, counts_tax=counts_tax, counts_shipping=counts_shipping)
    line = of(11900, included_tax_minor=1900, tax_minor=1900)

    comes(session, aurora, an_order(5123, line, shipping_minor=500, shipping_tax_minor=100))

    assert total(session) == points


def test_earning_7_paying_by_gift_card_reduces_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    aurora.currency = "USD"
    order = payloads.order([payloads.Line("100.00")], payment_gateway_names=["gift_card"])
    order["total_outstanding"] = "0.00"
    record_customer(session, aurora, a_customer(), now=NOON, is_backfill=False)
    order["customer"] = payloads.customer(id=501, email="alice@example.com")

    comes(session, aurora, read_order(order))

    assert total(session) == 100


def test_earning_8_a_points_discount_is_a_discount(
    session: Session, aurora: Shop, alice: Member
) -> None:
    comes(session, aurora, an_order(5123, of(10000, discount_minor=1000)))

    assert total(session) == 90


@pytest.mark.parametrize(("rounding", "points"), [("floor", 10), ("half_up", 11), ("ceil", 11)])
def test_earning_10_rounded_once_per_order_and_rule(
    session: Session, aurora: Shop, alice: Member, rounding: str, points: int
) -> None:
    no_rules(session, aurora)
    rule(session, aurora, rounding=rounding)

    comes(session, aurora, an_order(5123, of(525, 1), of(525, 2)))

    assert total(session) == points


def test_earning_11_rounded_results_of_several_rules_are_added(
    session: Session, aurora: Shop, alice: Member
) -> None:
    rule(session, aurora, points_per_unit="0.5")

    comes(session, aurora, an_order(5123, of(1990)))

    assert total(session) == 28
