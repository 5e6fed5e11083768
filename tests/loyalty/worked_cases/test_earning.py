"""The worked cases of the section Earning; each stands in docs/rules.md with its arithmetic.

Unless a case says otherwise one point is earned for 1.00, rounded down, in Madrid.
"""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from loyalty.audit import AuditRow
from loyalty.base.errors import BadRule, CannotClaim
from loyalty.earning.saving import change_rule
from loyalty.earning.waiting import settle_waiting
from loyalty.ledger.posting import release_due
from loyalty.members.enrolment import join, record_customer
from loyalty.members.tables import Member
from loyalty.orders.claiming import claim_order
from loyalty.orders.facts import LineFacts
from loyalty.programme.pausing import pause, resume
from loyalty.programme.tables import EarningRule
from loyalty.shops.tables import Shop
from shopify_app.platform.payloads.orders import read_order
from tests.factories import payloads
from tests.factories.facts import NOON, a_customer, a_line, a_refund, an_order
from tests.loyalty.conftest import balance_of
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
from tests.loyalty.tiers.cast import have_tiers

DAY = timedelta(days=1)
LATER = NOON + timedelta(hours=1)


def of(amount_minor: int, line_id: int = 1, **changes: object) -> LineFacts:
    """A line of so much."""
    return a_line(line_id, gross_minor=amount_minor, **changes)


def lapse(session: Session, shop: Shop, at: datetime) -> None:
    release_due(session, shop.shop_id, now=at)


# --- When, and for what


def test_earning_1_an_order_earns_when_it_is_paid(
    session: Session, aurora: Shop, alice: Member
) -> None:
    comes(session, aurora, an_order(is_paid=False))
    assert total(session) == 0

    comes(session, aurora, an_order(is_paid=True))

    assert total(session) == 10


def test_earning_2_a_hold_keeps_points_pending(
    session: Session, aurora: Shop, alice: Member
) -> None:
    settings(session, aurora, hold_days=14)
    comes(session, aurora, an_order())

    lapse(session, aurora, NOON + 14 * DAY - timedelta(seconds=1))
    before = balance_of(session, alice)
    assert (before.available, before.pending, before.lifetime_earned) == (0, 10, 0)
    lapse(session, aurora, NOON + 14 * DAY)

    after = balance_of(session, alice)
    assert (after.available, after.pending, after.lifetime_earned) == (10, 0, 10)


def test_earning_3_a_reversal_takes_the_pending_points_of_its_own_order(
    session: Session, aurora: Shop, alice: Member
) -> None:
    comes(session, aurora, an_order(1, of(5000)))
    settings(session, aurora, hold_days=14)
    comes(session, aurora, an_order(2, of(3000)), an_order(3, of(2000)))

    comes(session, aurora, an_order(2, of(3000), cancelled_at=LATER, updated_at=LATER))

    figures = balance_of(session, alice)
    assert (figures.available, figures.pending) == (50, 20)


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


def test_earning_9_test_orders_never_count(session: Session, aurora: Shop, alice: Member) -> None:
    comes(session, aurora, an_order(is_test=True))

    assert total(session) == 0


# --- Rounding


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


# --- Rules and conditions


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


# --- Multipliers


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


# --- Awards, and what is taken back


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


# --- Rules that cannot work


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


# --- Orders that are nobody's


@pytest.mark.parametrize(("is_guest", "days"), [(False, 30), (True, 90)])
def test_earning_36_an_order_stays_claimable_30_days_and_a_guests_90(
    session: Session, aurora: Shop, alice: Member, is_guest: bool, days: int
) -> None:
    settings(session, aurora, enrolment="joiners")
    guest = a_customer(777, email="g@example.com") if is_guest else None
    comes(session, aurora, an_order(customer=guest, customer_id=777 if is_guest else None))

    def claim(now: datetime) -> int:
        return claim_order(
            session, aurora, 5123, alice.id, proof="scan", actor=OPERATOR, now=now
        ).points

    with pytest.raises(CannotClaim):
        claim(NOON + days * DAY + timedelta(seconds=1))
    assert claim(NOON + days * DAY) == 10


def test_earning_37_who_proves_an_order_gets_it_once(
    session: Session, aurora: Shop, alice: Member
) -> None:
    comes(session, aurora, an_order(customer_id=None))

    for _ in range(2):
        claim_order(session, aurora, 5123, alice.id, proof="scan", actor=OPERATOR, now=NOON)

    assert [points for _, points in posted(session)] == [10]


def test_earning_38_the_customer_on_the_paid_order_earns_whoever_was_scanned(
    session: Session, aurora: Shop, alice: Member
) -> None:
    other = a_customer(502, email="ann@example.com")
    comes(session, aurora, an_order(customer=other, customer_id=502, source_name="pos"))

    with pytest.raises(CannotClaim):
        claim_order(session, aurora, 5123, alice.id, proof="scan", actor=OPERATOR, now=NOON)

    assert (balance_of(session, alice).available, total(session)) == (0, 10)


def test_earning_39_a_guest_who_joins_brings_the_orders_of_90_days(
    session: Session, aurora: Shop
) -> None:
    settings(session, aurora, enrolment="joiners")
    aurora.earning_since = NOON - 365 * DAY
    guest = a_customer(777, email="g@example.com")
    for order_id, days in ((1, 91), (2, 90)):
        at = NOON - days * DAY
        told = {"created_at": at, "processed_at": at, "updated_at": at}
        comes(session, aurora, an_order(order_id, customer=guest, customer_id=777, **told))

    join(session, aurora, guest, enrolled_by="till", emails_card=False, now=NOON)

    assert [points for _, points in posted(session)] == [10]


# --- The mirror, and pausing


def test_earning_40_an_order_waits_for_a_product_that_the_mirror_does_not_know(
    session: Session, aurora: Shop, alice: Member
) -> None:
    rule(session, aurora, points_per_unit="2", conditions={"tags": ["sale"]})
    comes(session, aurora, an_order())
    assert total(session) == 0

    product(session, aurora, 9001, tags=["sale"])
    settle_waiting(session, aurora, now=NOON, limit=9)

    assert total(session) == 30


@pytest.mark.parametrize(("mode", "points"), [("catch_up", 10), ("skip", 0)])
def test_earning_41_a_pause_gives_nothing_and_catches_up_or_not(
    session: Session, aurora: Shop, alice: Member, mode: str, points: int
) -> None:
    pause(session, aurora.shop_id, resume_mode=mode, actor=OPERATOR, now=NOON - DAY)
    comes(session, aurora, an_order())
    assert total(session) == 0

    resume(session, aurora.shop_id, actor=OPERATOR, now=NOON + DAY)
    settle_waiting(session, aurora, now=NOON + DAY, limit=9)

    assert total(session) == points
