"""Who may be brought: not oneself, nobody who has bought, nobody twice; and who is looked at."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from loyalty.audit import AuditRow
from loyalty.base.errors import NotFlagged, ReferralNotFound
from loyalty.coupons.saving import add_coupon
from loyalty.coupons.tables import CouponCode
from loyalty.members.addresses import address_mark, same_address
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Customer, Member
from loyalty.programme.rules import get_programme
from loyalty.referrals.claiming import (
    CLAIMS_MAX,
    drop_claim,
    find_asked,
    take_claim,
)
from loyalty.referrals.forgetting import forget_old_claims
from loyalty.referrals.likeness import same_email
from loyalty.referrals.reviewing import approve, list_flagged, reject
from loyalty.referrals.tables import Referral
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer
from tests.loyalty.conftest import install_shop
from tests.loyalty.merging.cast import make_one
from tests.loyalty.referrals.cast import (
    CAME,
    DANA,
    a_friend,
    a_referral_rule,
    asked_of,
    buy,
    come,
    paid_to,
    send_form,
    told,
    turn_on,
    work,
)

HOME = {"address1": "Calle Mayor 1", "zip": "28013", "city": "Madrid", "country_code": "ES"}


def state_of(referral: Referral) -> tuple[str, str | None]:
    return referral.state, referral.reason


def many(session: Session, shop: Shop, advocate: Member, count: int, **given: Any) -> None:
    """So many other friends who came by the link in the last hours."""
    for number in range(count):
        friend = a_friend(session, shop, customer_id=800 + number)
        come(session, shop, advocate, friend, at=CAME - timedelta(minutes=number), **given)


def test_a_stranger_waits_for_their_first_order(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    referral = come(session, offering, alice, carol)

    assert state_of(referral) == ("waiting", None)
    assert referral.friend_id == carol.id
    assert told(session, alice) == ["referral_claimed"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"email": "ALICE+friends@example.com"}, "same_email"),
        ({"email": "al.ice@googlemail.com"}, "same_email"),
        ({"phone": "+34600000001"}, "same_phone"),
        ({"address": HOME | {"address1": "calle  MAYOR, 1", "city": None}}, "same_address"),
    ],
)
def test_nobody_brings_themselves_under_another_spelling(
    session: Session, offering: Shop, alice: Member, changes: dict[str, Any], reason: str
) -> None:
    others = a_customer(
        phone="+34 600 000 001", address=HOME, updated_at=NOON, email="alice@example.com"
    )
    record_customer(session, offering, others, now=NOON, is_backfill=False)
    if "googlemail" in changes.get("email", ""):
        alice.email = "alice@gmail.com"
    friend = a_friend(session, offering, **changes)

    referral = come(session, offering, alice, friend)

    assert state_of(referral) == ("blocked", reason)
    assert told(session, alice) == []


def test_a_member_who_sends_their_own_form_is_blocked(
    session: Session, offering: Shop, alice: Member
) -> None:
    assert state_of(come(session, offering, alice, alice)) == ("blocked", "same_member")


def test_who_has_bought_before_is_blocked(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    before = CAME - timedelta(days=2)
    buy(session, offering, processed_at=before, created_at=before, cancelled_at=before)

    assert state_of(come(session, offering, alice, carol)) == ("blocked", "earlier_order")


def test_so_is_whose_orders_only_shopify_knows(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    referral = come(session, offering, alice, carol, earlier_orders=1)

    assert state_of(referral) == ("blocked", "earlier_order")


def test_nobody_is_brought_twice(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    dora = a_friend(session, offering, customer_id=602)
    come(session, offering, alice, carol)

    again = come(session, offering, dora, carol, at=CAME + timedelta(minutes=1))

    assert state_of(again) == ("blocked", "brought_before")


@pytest.mark.parametrize("email", ["zoe@example.com", "Anna+shop@example.com"])
def test_nor_by_any_of_the_addresses_that_they_had(
    session: Session, offering: Shop, alice: Member, email: str
) -> None:
    # given a friend with two addresses, one in Shopify and one of their own
    one = a_friend(session, offering, email="anna@example.com")
    one.email, one.email_norm = "zoe@example.com", "zoe@example.com"
    come(session, offering, alice, one)
    one.email, one.email_norm = None, ""
    session.execute(update(Customer).values(email=None, email_norm=""))
    # when
    other = a_friend(session, offering, customer_id=602, email=email)
    again = come(session, offering, alice, other, at=CAME + timedelta(minutes=1))
    # then
    assert state_of(again) == ("blocked", "brought_before")


@pytest.mark.parametrize("has_account", [True, False])
@pytest.mark.parametrize("email", ["zoe@example.com", "anna+2@example.com", "anna@example.com"])
def test_who_bought_before_under_another_of_their_addresses_is_blocked(
    session: Session, offering: Shop, alice: Member, email: str, has_account: bool
) -> None:
    # given an order of somebody with an address of the friend's, a member or a guest
    get_programme(session, offering.shop_id).enrolment = "everyone" if has_account else "joiners"
    before = CAME - timedelta(days=2)
    earlier = a_customer(650, email=email, has_account=has_account)
    buy(session, offering, customer_id=650, customer=earlier, processed_at=before)
    get_programme(session, offering.shop_id).enrolment = "everyone"
    friend = a_friend(session, offering, email="anna+2@example.com")
    friend.email, friend.email_norm = "Zoe@example.com", "zoe@example.com"
    # when
    referral = come(session, offering, alice, friend)
    # then
    assert state_of(referral) == ("blocked", "earlier_order")


def test_somebody_elses_earlier_order_blocks_nobody(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    before = CAME - timedelta(days=2)
    other = a_customer(650, email="zoe@example.com")
    buy(session, offering, customer_id=650, customer=other, processed_at=before)

    assert state_of(come(session, offering, alice, carol)) == ("waiting", None)


def test_nor_under_another_spelling_of_their_address(
    session: Session, offering: Shop, alice: Member
) -> None:
    one = a_friend(session, offering, email="carol.cole@gmail.com")
    other = a_friend(session, offering, customer_id=602, email="carolcole+2@gmail.com")
    come(session, offering, alice, one)

    again = come(session, offering, alice, other, at=CAME + timedelta(minutes=1))

    assert state_of(again) == ("blocked", "brought_before")


def test_a_claim_is_taken_once(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    referral = send_form(session, alice, carol)
    asked = asked_of(session, referral)

    for _ in range(2):
        take_claim(session, offering, asked, earlier_orders=0, now=CAME)

    assert told(session, alice) == ["referral_claimed"]
    assert find_asked(session, offering.shop_id, referral.request_id) is None


def test_a_form_that_came_to_nothing_is_dropped(
    session: Session, offering: Shop, alice: Member
) -> None:
    referral = send_form(session, alice, None)

    drop_claim(session, offering.shop_id, referral.request_id)

    assert state_of(referral) == ("blocked", "no_customer")


def test_whence_a_form_came_is_forgotten_and_a_claim_that_nobody_took_is_gone(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    taken = come(session, offering, alice, carol)
    send_form(session, alice, carol)
    later = CAME + timedelta(minutes=5)
    fresh = send_form(session, alice, carol, at=later, client=b"here")

    forgotten = forget_old_claims(session, offering.shop_id, before=later)

    session.expire_all()
    left = {one.id: one.client_hash for one in session.query(Referral).all()}
    assert (forgotten, left) == (2, {taken.id: b"", fresh.id: b"here"})


def test_the_link_of_who_left_brings_nobody(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    alice.state = "archived"

    assert state_of(come(session, offering, alice, carol)) == ("blocked", "no_advocate")


def test_the_tenth_claim_of_a_week_waits_and_the_eleventh_is_flagged(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    many(session, offering, alice, CLAIMS_MAX - 1)
    dora = a_friend(session, offering, customer_id=602)

    tenth = come(session, offering, alice, carol)
    eleventh = come(session, offering, alice, dora, at=CAME + timedelta(minutes=1))

    assert (tenth.state, eleventh.state) == ("waiting", "flagged")
    assert [one.friend_id for one in list_flagged(session, offering.shop_id)] == [dora.id]


def test_claims_of_more_than_a_week_ago_are_forgotten(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    many(session, offering, alice, CLAIMS_MAX)

    referral = come(session, offering, alice, carol, at=CAME + timedelta(days=7))

    assert referral.state == "waiting"


def test_one_place_that_comes_by_many_links_is_flagged(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    dora = a_friend(session, offering, customer_id=602)
    many(session, offering, dora, CLAIMS_MAX, client=b"one place")

    referral = come(session, offering, alice, carol, client=b"one place")

    assert referral.state == "flagged"


def test_what_is_flagged_is_paid_once_a_person_has_approved_it(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    many(session, offering, alice, CLAIMS_MAX)
    referral = come(session, offering, alice, carol)
    buy(session, offering)
    work(session, offering)
    before = paid_to(session, alice)

    approve(session, offering, referral.id, actor=DANA, now=NOON)
    work(session, offering)

    assert (before, paid_to(session, alice)) == ([], [("referral", 200)])
    actions = {row.action for row in session.query(AuditRow).all()}
    assert "referral_approved" in actions
    with pytest.raises(NotFlagged):
        reject(session, offering, referral.id, actor=DANA, now=NOON)


def test_what_a_person_rejects_is_never_paid(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    many(session, offering, alice, CLAIMS_MAX)
    referral = come(session, offering, alice, carol)

    reject(session, offering, referral.id, actor=DANA, now=NOON)
    buy(session, offering)
    work(session, offering)

    assert state_of(referral) == ("rejected", "reviewed")
    assert paid_to(session, alice) == paid_to(session, carol) == []


def test_a_coupon_is_the_friends_once(session: Session, aurora: Shop, alice: Member) -> None:
    coupon = a_coupon(session, aurora)
    turn_on(session, aurora, coupon_id=coupon)
    carol = a_friend(session, aurora)
    referral = send_form(session, alice, carol)
    asked = asked_of(session, referral)

    for _ in range(2):
        take_claim(session, aurora, asked, earlier_orders=0, now=CAME)

    [code] = session.query(CouponCode).all()
    assert (code.member_id, code.batch_id, code.sends_email) == (carol.id, referral.id, True)


def test_the_coupon_goes_to_whom_the_friend_was_merged_into(
    session: Session, aurora: Shop, alice: Member
) -> None:
    turn_on(session, aurora, coupon_id=a_coupon(session, aurora))
    many(session, aurora, alice, CLAIMS_MAX)
    carol = a_friend(session, aurora)
    referral = come(session, aurora, alice, carol)
    dora = a_friend(session, aurora, customer_id=602)
    make_one(session, aurora, dora, carol)

    approve(session, aurora, referral.id, actor=DANA, now=NOON + timedelta(days=1))

    codes = session.query(CouponCode).filter_by(batch_id=referral.id).all()
    assert [code.member_id for code in codes] == [dora.id]


def test_who_is_blocked_or_flagged_gets_no_coupon(
    session: Session, aurora: Shop, alice: Member
) -> None:
    turn_on(session, aurora, coupon_id=a_coupon(session, aurora))
    come(session, aurora, alice, a_friend(session, aurora, email="alice+1@example.com"))

    assert session.query(CouponCode).all() == []


def test_another_shops_referral_is_not_found(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    many(session, offering, alice, CLAIMS_MAX)
    referral = come(session, offering, alice, carol)
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/New_York")
    a_referral_rule(session, borealis)

    with pytest.raises(ReferralNotFound):
        approve(session, borealis, referral.id, actor=DANA, now=NOON)
    assert list_flagged(session, borealis.shop_id) == []


@pytest.mark.parametrize(
    ("email", "same"),
    [
        ("Alice+Books@Example.com ", "alice@example.com"),
        ("a.l.i.ce@gmail.com", "alice@gmail.com"),
        ("alice@googlemail.com", "alice@gmail.com"),
        ("a.lice@example.com", "a.lice@example.com"),
        (None, ""),
        ("+x@example.com", ""),
    ],
)
def test_spellings_of_one_address(email: str | None, same: str) -> None:
    assert same_email(email) == same


def test_an_order_that_went_to_the_members_address_makes_the_friend_the_same(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    alice.address = HOME
    mark = address_mark(HOME | {"address1": "calle mayor 1"})
    buy(session, offering, ship_to=mark, is_paid=False)

    assert state_of(come(session, offering, alice, carol)) == ("blocked", "same_address")


def test_an_address_without_a_street_is_nobodys_home() -> None:
    assert same_address({"country_code": "ES", "zip": "28013"}) == ""
    assert same_address({"address1": "Calle Mayor 1"}) == ""
    assert same_address(None) == ""


def a_coupon(session: Session, shop: Shop) -> Any:
    """Ten percent, in codes that are to be made."""
    given = {"name": "Welcome", "kind": "percentage", "percentage": "10"}
    return add_coupon(session, shop, given, actor=DANA, now=CAME).id
