"""A member's points by their last day, soonest first."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from loyalty.base.errors import MemberNotFound
from loyalty.expiry.calendar import ExpiryDay, expiry_calendar
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.ledger.cast import DAY, Hand, set_rule


def test_points_stand_by_their_last_day_and_never_expiring_ones_last(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(5)
    hand.credit(100, last_valid_on=date(2026, 12, 31))
    hand.credit(50, last_valid_on=date(2026, 12, 1))
    hand.credit(20, last_valid_on=date(2026, 12, 31))

    days = expiry_calendar(session, aurora, alice.id, now=NOON)

    assert days == [
        ExpiryDay(date(2026, 12, 1), 50),
        ExpiryDay(date(2026, 12, 31), 120),
        ExpiryDay(None, 5),
    ]


def test_points_on_hold_stand_by_the_day_they_will_have(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    set_rule(session, aurora, expiry_mode="days", expiry_days=30, expiry_since=date(2026, 1, 1))
    hand.credit(40, "earn_order", order_id=1, available_at=NOON + 14 * DAY)

    days = expiry_calendar(session, aurora, alice.id, now=NOON)

    assert days == [ExpiryDay(date(2027, 1, 5), 40, is_pending=True)]


def test_under_inactivity_all_points_have_one_day(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    set_rule(
        session, aurora, expiry_mode="inactivity", expiry_days=90, expiry_since=date(2026, 1, 1)
    )
    hand.credit(40)
    hand.credit(60, at=NOON + 5 * DAY)

    days = expiry_calendar(session, aurora, alice.id, now=NOON + 6 * DAY)

    assert days == [ExpiryDay(date(2027, 2, 25), 100)]


def test_a_member_of_another_shop_is_not_found(session: Session, alice: Member) -> None:
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/New_York")

    with pytest.raises(MemberNotFound):
        expiry_calendar(session, borealis, alice.id, now=NOON)
