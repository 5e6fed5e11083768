"""Who is paid for a referral when members are merged, turn out to be one, or leave."""

from datetime import timedelta

from sqlalchemy.orm import Session

from loyalty.members.addresses import address_mark
from loyalty.members.tables import Member
from loyalty.merging.undoing import undo as undo_merge
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.merging.cast import assert_books_agree, make_one
from tests.loyalty.referrals.cast import (
    DANA,
    a_friend,
    a_referral_rule,
    buy,
    come,
    paid_to,
    standing,
    turn_on,
    work,
)

LATER = NOON + timedelta(hours=2)


def test_whoever_took_the_friend_or_the_member_in_is_paid(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    come(session, offering, alice, carol)
    dora = a_friend(session, offering, customer_id=602, first_name="Dora")
    make_one(session, offering, dora, carol)

    buy(session, offering)
    work(session, offering)

    assert paid_to(session, dora) == [("referral", 50)]
    assert paid_to(session, alice) == [("referral", 200)]


def test_an_order_that_comes_to_the_friend_by_a_merge_alone_decides(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    referral = come(session, offering, alice, carol)
    dora = a_friend(session, offering, customer_id=602, first_name="Dora")
    buy(session, offering, customer_id=602)
    work(session, offering)
    before = standing(session, referral)

    make_one(session, offering, carol, dora)
    work(session, offering)

    assert before == ("waiting", None)
    assert standing(session, referral) == ("paid", None)
    assert paid_to(session, alice) == [("referral", 200)]
    assert paid_to(session, carol) == [("referral", 50)]


def test_an_order_that_is_the_friends_again_by_an_undo_alone_decides(
    session: Session, aurora: Shop, alice: Member
) -> None:
    turn_on(session, aurora)
    a_referral_rule(session, aurora, minimum_minor=4000)
    carol = a_friend(session, aurora)
    dora = a_friend(session, aurora, customer_id=602, first_name="Dora")
    referral = come(session, aurora, alice, carol)
    buy(session, aurora, 7001, customer_id=602, amount_minor=1000)
    buy(session, aurora, 7002, processed_at=NOON + timedelta(minutes=1))
    merged = make_one(session, aurora, dora, carol)
    work(session, aurora)
    before = standing(session, referral)

    undo_merge(session, aurora, merged.id, actor=DANA, now=LATER)
    work(session, aurora, now=LATER)

    assert before == ("failed", "below_minimum")
    assert standing(session, referral) == ("paid", None)
    assert paid_to(session, carol) == [("referral", 50)]


def test_what_was_paid_while_merged_is_taken_from_who_has_it(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    come(session, offering, alice, carol)
    dora = a_friend(session, offering, customer_id=602, first_name="Dora")
    merged = make_one(session, offering, dora, carol)
    buy(session, offering)
    work(session, offering)
    undo_merge(session, offering, merged.id, actor=DANA, now=NOON + timedelta(hours=1, minutes=30))

    buy(session, offering, cancelled_at=LATER, updated_at=LATER)
    work(session, offering, now=LATER)

    assert paid_to(session, dora) == [("referral", 50), ("earn_reversal", -50)]
    assert paid_to(session, carol) == []
    assert_books_agree(session, offering)


def test_two_who_turn_out_to_be_one_are_paid_nothing(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    referral = come(session, offering, alice, carol)
    make_one(session, offering, alice, carol)

    buy(session, offering)
    work(session, offering)

    assert standing(session, referral) == ("blocked", "same_member")
    assert paid_to(session, alice) == []


def test_a_friend_whose_order_goes_to_the_members_address_is_blocked(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    home = {"address1": "Calle Mayor 1", "zip": "28013", "country_code": "ES"}
    alice.address = home
    referral = come(session, offering, alice, carol)

    buy(session, offering, ship_to=address_mark(home | {"address1": "calle  mayor, 1"}))
    work(session, offering)

    assert standing(session, referral) == ("blocked", "same_address")
    assert paid_to(session, alice) == []


def test_a_member_who_left_gets_nothing_and_the_friend_does(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    come(session, offering, alice, carol)
    alice.state = "erased"

    buy(session, offering)
    work(session, offering)

    assert paid_to(session, alice) == []
    assert paid_to(session, carol) == [("referral", 50)]
