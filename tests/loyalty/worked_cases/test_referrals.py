"""The worked cases of the section Referrals; each stands in docs/rules.md."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from loyalty.members.addresses import address_mark
from loyalty.members.tables import Member
from loyalty.orders.deleting import delete_order
from loyalty.programme.rules import get_programme
from loyalty.referrals.tables import Referral
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.conftest import balance_of
from tests.loyalty.referrals.cast import (
    CAME,
    a_friend,
    a_referral_rule,
    buy,
    come,
    paid_to,
    turn_on,
    work,
)

HOME = {"address1": "Calle Mayor 1", "city": "Madrid", "zip": "28013", "country_code": "ES"}
LATER = NOON + timedelta(hours=2)


@pytest.fixture
def offering(session: Session, aurora: Shop) -> Shop:
    """200 points for who brings a friend, 50 for the friend."""
    turn_on(session, aurora)
    a_referral_rule(session, aurora)
    return aurora


def points_of(session: Session, member: Member) -> int:
    return sum(points for _, points in paid_to(session, member))


def said_of(session: Session, referral: Referral) -> tuple[str, str | None]:
    session.flush()
    session.refresh(referral)
    return referral.state, referral.reason


def test_referrals_1_the_same_email_in_another_spelling_is_blocked(
    session: Session, offering: Shop, alice: Member
) -> None:
    alice.email = "alice.archer@gmail.com"
    friend = a_friend(session, offering, email="AliceArcher+2@Gmail.com")

    referral = come(session, offering, alice, friend)
    buy(session, offering)
    work(session, offering)

    assert said_of(session, referral) == ("blocked", "same_email")
    assert points_of(session, alice) == 0


def test_referrals_2_so_is_the_same_phone(session: Session, offering: Shop, alice: Member) -> None:
    alice.phone = "+34600000001"
    friend = a_friend(session, offering, phone="+34 600 000 001")

    referral = come(session, offering, alice, friend)
    buy(session, offering)
    work(session, offering)

    assert said_of(session, referral) == ("blocked", "same_phone")
    assert points_of(session, alice) == 0


def test_referrals_3_so_is_the_members_own_customer(
    session: Session, offering: Shop, alice: Member
) -> None:
    referral = come(session, offering, alice, alice)
    buy(session, offering, customer_id=501)
    work(session, offering)

    assert said_of(session, referral) == ("blocked", "same_member")
    assert points_of(session, alice) == 0


def test_referrals_4_so_is_the_same_address_known_with_the_first_order(
    session: Session, offering: Shop, alice: Member
) -> None:
    alice.address = HOME
    friend = a_friend(session, offering)
    referral = come(session, offering, alice, friend)

    buy(session, offering, ship_to=address_mark(HOME | {"address1": "CALLE MAYOR, 1"}))
    work(session, offering)

    assert said_of(session, referral) == ("blocked", "same_address")
    assert points_of(session, alice) == 0


def test_referrals_5_so_is_a_friend_with_an_earlier_order(
    session: Session, offering: Shop, alice: Member
) -> None:
    friend = a_friend(session, offering)
    buy(session, offering, 6999, processed_at=CAME - timedelta(days=1))

    referral = come(session, offering, alice, friend)
    buy(session, offering)
    work(session, offering)

    assert said_of(session, referral) == ("blocked", "earlier_order")
    assert points_of(session, alice) == 0


def test_referrals_6_the_eleventh_claim_in_7_days_on_one_link_is_flagged(
    session: Session, offering: Shop, alice: Member
) -> None:
    claims = [
        come(
            session,
            offering,
            alice,
            a_friend(session, offering, customer_id=700 + number),
            at=NOON - timedelta(days=6) + timedelta(hours=number),
        )
        for number in range(12)
    ]

    assert [claim.state for claim in claims] == ["waiting"] * 10 + ["flagged"] * 2


def test_referrals_7_so_is_the_eleventh_for_one_address(
    session: Session, offering: Shop, alice: Member
) -> None:
    brought_by = a_friend(session, offering, customer_id=602)
    claims = [
        come(
            session,
            offering,
            alice if number % 2 else brought_by,
            a_friend(session, offering, customer_id=700 + number, address=HOME),
            at=NOON - timedelta(days=6) + timedelta(hours=number),
        )
        for number in range(11)
    ]

    assert [claim.state for claim in claims] == ["waiting"] * 10 + ["flagged"] * 1


def test_referrals_8_the_friends_first_paid_order_decides(
    session: Session, aurora: Shop, alice: Member
) -> None:
    turn_on(session, aurora)
    a_referral_rule(session, aurora, minimum_minor=50_00)
    referral = come(session, aurora, alice, a_friend(session, aurora))

    buy(session, aurora, 1, amount_minor=20_00)
    buy(session, aurora, 2, amount_minor=90_00, processed_at=LATER)
    work(session, aurora)

    assert said_of(session, referral) == ("failed", "below_minimum")
    assert points_of(session, alice) == 0


@pytest.mark.parametrize(("amount_minor", "points"), [(49_99, 0), (50_00, 200)])
def test_referrals_9_with_a_minimum_that_may_be_met_exactly(
    session: Session, aurora: Shop, alice: Member, amount_minor: int, points: int
) -> None:
    turn_on(session, aurora)
    a_referral_rule(session, aurora, minimum_minor=50_00)
    come(session, aurora, alice, a_friend(session, aurora))

    buy(session, aurora, amount_minor=amount_minor)
    work(session, aurora)

    assert points_of(session, alice) == points


def test_referrals_10_both_sides_are_paid_after_the_hold(
    session: Session, offering: Shop, alice: Member
) -> None:
    get_programme(session, offering.shop_id).hold_days = 14
    friend = a_friend(session, offering)
    come(session, offering, alice, friend)
    buy(session, offering)
    over = NOON + timedelta(days=14)

    work(session, offering, now=over - timedelta(seconds=1))
    before = points_of(session, alice) + points_of(session, friend)
    work(session, offering, now=over)

    assert before == 0
    assert (points_of(session, alice), points_of(session, friend)) == (200, 50)


def test_referrals_11_a_cancelled_order_reverses_both(
    session: Session, offering: Shop, alice: Member
) -> None:
    friend = a_friend(session, offering)
    come(session, offering, alice, friend)
    buy(session, offering)
    work(session, offering)
    paid = (points_of(session, alice), points_of(session, friend))

    buy(session, offering, cancelled_at=LATER, updated_at=LATER)
    work(session, offering, now=LATER)

    assert paid == (200, 50)
    assert paid_to(session, alice) == [("referral", 200), ("earn_reversal", -200)]
    assert paid_to(session, friend) == [("referral", 50), ("earn_reversal", -50)]
    assert balance_of(session, alice).available == 0


def test_referrals_12_the_hold_runs_from_the_payment(
    session: Session, offering: Shop, alice: Member
) -> None:
    get_programme(session, offering.shop_id).hold_days = 14
    come(session, offering, alice, a_friend(session, offering))
    buy(session, offering, is_paid=False)
    buy(session, offering, updated_at=NOON + timedelta(days=5))

    work(session, offering, now=NOON + timedelta(days=19) - timedelta(seconds=1))
    before = points_of(session, alice)
    work(session, offering, now=NOON + timedelta(days=19))

    assert (before, points_of(session, alice)) == (0, 200)


def test_referrals_13_an_order_that_shopify_deleted_is_no_earlier_one(
    session: Session, offering: Shop, alice: Member
) -> None:
    friend = a_friend(session, offering)
    buy(session, offering, 6999, processed_at=CAME - timedelta(days=1))
    delete_order(session, offering, 6999, now=CAME)

    come(session, offering, alice, friend)
    buy(session, offering)
    work(session, offering)

    assert points_of(session, alice) == 200


def test_referrals_14_a_deleted_order_reverses_both(
    session: Session, offering: Shop, alice: Member
) -> None:
    friend = a_friend(session, offering)
    come(session, offering, alice, friend)
    buy(session, offering)
    work(session, offering)
    paid = (points_of(session, alice), points_of(session, friend))

    delete_order(session, offering, 7001, now=LATER)
    work(session, offering, now=LATER)

    assert paid == (200, 50)
    assert (points_of(session, alice), points_of(session, friend)) == (0, 0)
