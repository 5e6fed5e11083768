"""Orders earn by all rules of the shop, wait where they must, and are explained."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from loyalty.audit import AuditRow
from loyalty.base.errors import BadRule, NotPaused, ProgrammePaused
from loyalty.catalogue import mirror
from loyalty.earning.tables import Award, AwardLine
from loyalty.earning.waiting import count_waiting, list_lacking_products, settle_waiting
from loyalty.ledger.selfcheck import find_differences
from loyalty.members.tables import Member
from loyalty.programme.pausing import pause, resume
from loyalty.programme.tables import EarningRule
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_line, a_refund, an_order
from tests.loyalty.conftest import balance_of
from tests.loyalty.earning.cast import (
    OPERATOR,
    comes,
    no_rules,
    order_of,
    posted,
    product,
    promotion,
    rule,
    settings,
    total,
)

LATER = NOON + timedelta(hours=1)
DAY = timedelta(days=1)


def settle(session: Session, shop: Shop) -> int:
    return settle_waiting(session, shop, now=NOON, limit=100)


def test_an_award_keeps_what_made_it(session: Session, aurora: Shop, alice: Member) -> None:
    no_rules(session, aurora)
    made = rule(session, aurora, points_per_unit="2")
    doubled = promotion(session, aurora, "2")

    comes(session, aurora, an_order(5123, a_line(gross_minor=1050)))

    [award] = session.scalars(select(Award))
    [share] = session.scalars(select(AwardLine))
    # 10.50 × 2 points × 2 = 42
    assert (award.rule_id, award.rule_version, award.points) == (made.id, 1, 42)
    assert (share.basis_minor, share.basis, share.promotion_id, share.promotion_multiplier) == (
        1050,
        Decimal(2100),
        doubled.id,
        Decimal(2),
    )


def test_an_order_that_comes_again_after_its_rules_changed_earns_nothing_more(
    session: Session, aurora: Shop, alice: Member
) -> None:
    comes(session, aurora, an_order())
    rule(session, aurora, name="New", gives="fixed", fixed_points=500)

    comes(session, aurora, an_order(), an_order(updated_at=LATER))

    assert posted(session) == [("earn_order", 10)]


def test_lines_added_later_earn_by_the_rules_of_their_day(
    session: Session, aurora: Shop, alice: Member
) -> None:
    # given an order of the day before a promotion starts
    promotion(session, aurora, "3", starts_on="2026-11-23", ends_on="2026-11-23")
    comes(session, aurora, an_order(5123, a_line(1, gross_minor=1000)))
    assert total(session) == 10
    # when a line is added on its day
    edited = an_order(
        5123, a_line(1, gross_minor=1000), a_line(2, gross_minor=500), updated_at=NOON + DAY
    )
    comes(session, aurora, edited)
    # then 10 + 5.00 × 3
    assert total(session) == 25


def test_a_minimum_that_a_refund_undercuts_keeps_what_is_left(
    session: Session, aurora: Shop, alice: Member
) -> None:
    no_rules(session, aurora)
    rule(session, aurora, conditions={"minimum_minor": 5000})
    line = a_line(1, quantity=3, gross_minor=6000)
    comes(session, aurora, an_order(5123, line))

    comes(session, aurora, a_refund(lines=((1, 1),)))

    # 60 − floor(60 × 1/3)
    assert total(session) == 40


def test_a_first_order_bonus_is_given_once(session: Session, aurora: Shop, alice: Member) -> None:
    no_rules(session, aurora)
    rule(session, aurora, gives="fixed", fixed_points=100, conditions={"first_order": True})

    comes(session, aurora, an_order(1), an_order(2, processed_at=LATER, updated_at=LATER))

    assert posted(session) == [("earn_order", 100)]


@pytest.mark.parametrize(
    ("counts_tax", "counts_shipping", "points"),
    [(False, False, 100), (True, False, 119), (False, True, 104), (True, True, 124)],
)
def test_tax_and_shipping_earn_only_where_the_shop_says_so(
    session: Session,
    aurora: Shop,
    alice: Member,
    counts_tax: bool,
    counts_shipping: bool,
    points: int,
) -> None:
    settings(session, aurora, counts_tax=counts_tax, counts_shipping=counts_shipping)
    line = a_line(gross_minor=11900, included_tax_minor=1900, tax_minor=1900)

    comes(
        session,
        aurora,
        an_order(5123, line, total_minor=12490, shipping_minor=496, shipping_tax_minor=94),
    )

    # 100.00 (+ 19.00) (+ 4.96 (+ 0.94))
    assert total(session) == points


def test_a_shipping_refund_takes_back_shippings_own_points(
    session: Session, aurora: Shop, alice: Member
) -> None:
    settings(session, aurora, counts_shipping=True)
    order = an_order(5123, a_line(gross_minor=10000), total_minor=10500, shipping_minor=500)
    comes(session, aurora, order)
    assert total(session) == 105

    comes(session, aurora, a_refund(lines=(), shipping_minor=500))

    # 105 − floor(105 × 5/105)
    assert total(session) == 100


def test_a_broken_rule_earns_nothing_and_is_reported_once(
    session: Session, aurora: Shop, alice: Member
) -> None:
    broken = rule(session, aurora, name="Broken", is_exclusive=True)
    session.execute(
        update(EarningRule)
        .where(EarningRule.id == broken.id)
        .values(points_per_unit=Decimal("NaN"))
    )
    session.expire_all()

    comes(session, aurora, an_order(1), an_order(2))

    session.expire_all()
    reports = session.scalars(
        select(AuditRow).where(AuditRow.action == "earning_rule_unusable")
    ).all()
    assert posted(session) == [("earn_order", 10), ("earn_order", 10)]
    assert [row.subject_id for row in reports] == [str(broken.id)]
    assert (broken.fault or "").startswith("points_per_unit")


def test_a_hold_keeps_points_pending_until_the_day(
    session: Session, aurora: Shop, alice: Member
) -> None:
    settings(session, aurora, hold_days=14)

    comes(session, aurora, an_order())

    figures = balance_of(session, alice)
    assert (figures.available, figures.pending, figures.lifetime_earned) == (0, 10, 0)


# --- Waiting for a product


def test_an_order_waits_for_a_product_that_nobody_has_told_of(
    session: Session, aurora: Shop, alice: Member
) -> None:
    product(session, aurora, 1, collections=[31])
    rule(session, aurora, points_per_unit="2", conditions={"collections": [31]})
    comes(session, aurora, an_order())
    assert (posted(session), order_of(session, aurora).held_back) == ([], "product")
    assert list_lacking_products(session, aurora.shop_id, limit=9) == [9001]
    assert (count_waiting(session, aurora.shop_id), settle(session, aurora)) == ({"product": 1}, 0)

    product(session, aurora, 9001, collections=[31])

    assert settle(session, aurora) == 1
    assert (total(session), order_of(session, aurora).held_back) == (30, None)
    assert settle(session, aurora) == 0


def test_a_product_that_shopify_no_longer_has_is_not_waited_for(
    session: Session, aurora: Shop, alice: Member
) -> None:
    rule(session, aurora, points_per_unit="2", conditions={"tags": ["sale"]})
    comes(session, aurora, an_order())

    mirror.delete_product(session, aurora.shop_id, 9001, now=NOON)

    assert settle(session, aurora) == 1
    assert posted(session) == [("earn_order", 10)]


def test_nothing_is_waited_for_where_no_rule_asks(
    session: Session, aurora: Shop, alice: Member
) -> None:
    rule(session, aurora, points_per_unit="2", conditions={"tags": ["sale"]}, is_active=False)

    comes(session, aurora, an_order())

    assert order_of(session, aurora).held_back is None


def test_an_order_cancelled_while_it_waits_earns_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    rule(session, aurora, points_per_unit="2", conditions={"tags": ["sale"]})
    comes(session, aurora, an_order(), an_order(cancelled_at=LATER, updated_at=LATER))
    product(session, aurora, 9001, tags=["sale"])

    assert settle(session, aurora) == 0
    assert (posted(session), order_of(session, aurora).held_back) == ([], None)


# --- Pausing


def start_pause(session: Session, shop: Shop, mode: str = "catch_up") -> None:
    pause(session, shop.shop_id, resume_mode=mode, actor=OPERATOR, now=NOON - DAY)


def end_pause(session: Session, shop: Shop, mode: str | None = None) -> None:
    resume(session, shop.shop_id, resume_mode=mode, actor=OPERATOR, now=NOON + DAY)


def test_a_paused_programme_takes_orders_in_and_gives_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    start_pause(session, aurora)

    comes(session, aurora, an_order())

    order = order_of(session, aurora)
    assert (posted(session), order.held_back, order.member_id) == ([], "paused", alice.id)
    assert settle(session, aurora) == 0


@pytest.mark.parametrize(("mode", "points"), [("catch_up", 10), ("skip", 0)])
def test_resuming_catches_up_or_not_as_was_chosen(
    session: Session, aurora: Shop, alice: Member, mode: str, points: int
) -> None:
    start_pause(session, aurora, mode)
    comes(session, aurora, an_order(1))
    end_pause(session, aurora)

    assert settle(session, aurora) == 1

    assert total(session) == points
    # What was paid meanwhile fares alike when it comes late, and so does a re-delivery.
    comes(session, aurora, an_order(2), an_order(1, updated_at=LATER))
    assert total(session) == 2 * points


def test_what_was_paid_before_a_pause_earns_even_when_it_comes_meanwhile(
    session: Session, aurora: Shop, alice: Member
) -> None:
    start_pause(session, aurora, "skip")
    before = NOON - 2 * DAY
    comes(session, aurora, an_order(processed_at=before, updated_at=before))
    assert posted(session) == []
    end_pause(session, aurora)

    settle(session, aurora)

    assert total(session) == 10


def test_what_was_placed_before_a_pause_and_paid_in_it_is_of_the_pause(
    session: Session, aurora: Shop, alice: Member
) -> None:
    start_pause(session, aurora, "skip")
    comes(session, aurora, an_order(processed_at=NOON - 2 * DAY))
    end_pause(session, aurora)

    settle(session, aurora)

    assert total(session) == 0


def test_what_is_chosen_at_the_end_overrules_what_was_chosen_at_the_start(
    session: Session, aurora: Shop, alice: Member
) -> None:
    start_pause(session, aurora, "skip")
    comes(session, aurora, an_order())
    end_pause(session, aurora, "catch_up")

    settle(session, aurora)

    assert total(session) == 10


def test_a_pause_takes_refunds_back_all_the_same(
    session: Session, aurora: Shop, alice: Member
) -> None:
    comes(session, aurora, an_order())
    start_pause(session, aurora)

    comes(session, aurora, a_refund())

    assert posted(session) == [("earn_order", 10), ("earn_reversal", -10)]
    assert find_differences(session, aurora.shop_id) == []


def test_a_pause_that_makes_no_sense_is_refused(session: Session, aurora: Shop) -> None:
    with pytest.raises(NotPaused):
        end_pause(session, aurora)
    with pytest.raises(BadRule):
        start_pause(session, aurora, "later")
    start_pause(session, aurora)
    with pytest.raises(ProgrammePaused):
        start_pause(session, aurora)
