"""Earned points taken back: the order's lots first, expired ones revived, then below zero."""

from datetime import date

from sqlalchemy.orm import Session

from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.ledger.cast import (
    DAY,
    Hand,
    agree,
    entries_of,
    figures,
    lots_of,
    set_rule,
)

OTHER, ORDER = 1, 2


def test_the_orders_lot_is_taken_before_one_that_expires_sooner(
    session: Session, alice: Member, hand: Hand
) -> None:
    hand.credit(50, "earn_order", order_id=OTHER, last_valid_on=date(2026, 12, 1))
    hand.credit(40, "earn_order", order_id=ORDER)

    hand.reverse(40, ORDER)

    assert lots_of(session, alice) == [(date(2026, 12, 1), 50)]


def test_points_beyond_the_orders_lots_come_off_as_a_debit_takes_them(
    session: Session, alice: Member, hand: Hand
) -> None:
    hand.credit(50, "earn_order", order_id=OTHER)
    hand.credit(40, "earn_order", order_id=ORDER, last_valid_on=date(2026, 12, 1))
    hand.debit(30)

    hand.reverse(40, ORDER)

    assert lots_of(session, alice) == [(None, 20)]
    assert figures(session, alice) == (20, 0, 50, 30)


def test_expired_points_are_revived_before_they_are_reversed(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, "earn_order", order_id=ORDER, last_valid_on=date(2026, 11, 25))
    hand.credit(70, "earn_order", order_id=OTHER)

    forgiven = hand.reverse(60, ORDER, at=NOON + 10 * DAY)

    assert forgiven == 0
    assert entries_of(session, alice) == [
        ("earn_order", 100),
        ("earn_order", 70),
        ("expire", -100),
        ("expire", 60),
        ("earn_reversal", -60),
    ]
    assert figures(session, alice) == (70, 0, 110, 0)
    assert agree(session, aurora.shop_id)


def test_a_second_reversal_revives_only_what_is_left_expired(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, "earn_order", order_id=ORDER, last_valid_on=date(2026, 11, 25))
    later = NOON + 10 * DAY
    hand.reverse(60, ORDER, at=later)

    hand.reverse(40, ORDER, at=later)

    assert figures(session, alice) == (0, 0, 0, 0)
    assert entries_of(session, alice)[-2:] == [("expire", 40), ("earn_reversal", -40)]
    assert agree(session, aurora.shop_id)


def test_what_was_spent_makes_available_negative(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, "earn_order", order_id=ORDER)
    hand.debit(80)

    forgiven = hand.reverse(100, ORDER)

    assert forgiven == 0
    assert figures(session, alice) == (-80, 0, 0, 80)
    assert agree(session, aurora.shop_id)


def test_a_clamping_programme_forgives_what_was_spent(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    set_rule(session, aurora, negative_balance="clamp")
    hand.credit(100, "earn_order", order_id=ORDER)
    hand.debit(80)

    forgiven = hand.reverse(100, ORDER)

    assert forgiven == 80
    assert figures(session, alice) == (0, 0, 80, 80)
    assert entries_of(session, alice)[-1] == ("earn_reversal", -20)
    assert agree(session, aurora.shop_id)


def test_a_clamping_programme_writes_nothing_when_all_was_spent(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    set_rule(session, aurora, negative_balance="clamp")
    hand.credit(100, "earn_order", order_id=ORDER)
    hand.debit(100)

    assert hand.reverse(100, ORDER) == 100

    assert entries_of(session, alice) == [("earn_order", 100), ("redeem", -100)]


def test_points_on_hold_of_another_order_are_left_alone(
    session: Session, alice: Member, hand: Hand
) -> None:
    later = NOON + 14 * DAY
    hand.credit(50, "earn_order", order_id=OTHER, available_at=later)
    hand.credit(40, "earn_order", order_id=ORDER, available_at=later)

    hand.reverse(45, ORDER)

    assert figures(session, alice) == (-5, 50, -5, 0)
