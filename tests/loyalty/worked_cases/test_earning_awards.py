"""Worked cases of earning: what an award keeps, adds and gives back.

Each case stands in docs/rules.md with its arithmetic. Unless it says otherwise one point is earned
for 1.00, rounded down, in Madrid.
"""

import pytest
from sqlalchemy.orm import Session

from loyalty.earning.saving import change_rule
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_refund, an_order
from tests.loyalty.earning.cast import (
    OPERATOR,
    comes,
    no_rules,
    posted,
    promotion,
    rule,
    settings,
    total,
)
from tests.loyalty.worked_cases.earning_cast import DAY, LATER, of


def test_earning_27_an_award_is_fixed_when_it_is_first_made(
    session: Session, aurora: Shop, alice: Member
) -> None:
    no_rules(session, aurora)
    made = rule(session, aurora, points_per_unit="2")
    comes(session, aurora, an_order())

    given = {"points_per_unit": "9"}
    change_rule(session, aurora.shop_id, made.id, given, actor=OPERATOR, now=NOON)
    comes(session, aurora, an_order(updated_at=LATER))

    assert total(session) == 20


def test_earning_28_lines_added_later_make_a_further_award_by_the_rules_of_that_day(
    session: Session, aurora: Shop, alice: Member
) -> None:
    comes(session, aurora, an_order(5123, of(1000)))
    promotion(session, aurora, "3", starts_on="2026-11-23")

    comes(session, aurora, an_order(5123, of(1000), of(550, 2), updated_at=NOON + DAY))

    assert [points for _, points in posted(session)] == [10, 16]


@pytest.mark.parametrize("refund_first", [True, False])
def test_earning_29_removed_quantity_counts_once_whichever_webhook_comes_first(
    session: Session, aurora: Shop, alice: Member, refund_first: bool
) -> None:
    comes(session, aurora, an_order(5123, of(2999, quantity=3)))
    refund = a_refund()
    told = of(2999, quantity=3, current_quantity=2)
    order = an_order(5123, told, refunds=(refund,), updated_at=LATER)

    comes(session, aurora, *((refund, order) if refund_first else (order, refund)))

    assert total(session) == 20


def test_earning_30_the_reversal_is_floored_whatever_the_rounding(
    session: Session, aurora: Shop, alice: Member
) -> None:
    no_rules(session, aurora)
    rule(session, aurora, rounding="ceil")
    comes(session, aurora, an_order(5123, of(1050, quantity=2)))

    comes(session, aurora, a_refund())

    assert [points for _, points in posted(session)] == [11, -5]


@pytest.mark.parametrize("is_cancelled", [True, False])
def test_earning_31_nothing_stands_when_nothing_is_left_or_the_order_is_cancelled(
    session: Session, aurora: Shop, alice: Member, is_cancelled: bool
) -> None:
    comes(session, aurora, an_order(5123, of(2999, quantity=3)))

    if is_cancelled:
        line = of(2999, quantity=3)
        comes(session, aurora, an_order(5123, line, cancelled_at=LATER, updated_at=LATER))
    else:
        comes(session, aurora, a_refund(lines=((1, 3),)))

    assert total(session) == 0


@pytest.mark.parametrize(
    ("setting", "amount_minor", "points"),
    [("prorate", 2500, 80), ("prorate", 99900, 0), ("ignore", 2500, 100)],
)
def test_earning_32_a_money_only_refund_takes_its_share_of_what_was_paid(
    session: Session, aurora: Shop, alice: Member, setting: str, amount_minor: int, points: int
) -> None:
    settings(session, aurora, money_refunds=setting)
    comes(session, aurora, an_order(5123, of(10000), total_minor=12500))

    comes(session, aurora, a_refund(lines=(), money_minor=amount_minor))

    assert total(session) == points


def test_earning_33_a_shipping_refund_removes_only_shippings_own_basis(
    session: Session, aurora: Shop, alice: Member
) -> None:
    settings(session, aurora, counts_shipping=True)
    comes(session, aurora, an_order(5123, of(10000), total_minor=10500, shipping_minor=500))

    comes(session, aurora, a_refund(lines=(), shipping_minor=250))

    assert [points for _, points in posted(session)] == [105, -2]
