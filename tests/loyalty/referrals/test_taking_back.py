"""What an order that is cancelled or given back takes of a referral, and what it leaves."""

from datetime import timedelta

from sqlalchemy.orm import Session

from loyalty.badges.views import list_badges_of
from loyalty.ledger.posting import Cause, debit, lock_balance
from loyalty.members.tables import Member
from loyalty.orders.deleting import delete_order
from loyalty.orders.recording import record_refund
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_line, a_refund
from tests.loyalty.conftest import balance_of
from tests.loyalty.merging.cast import assert_books_agree
from tests.loyalty.referrals.cast import (
    a_referral_rule,
    buy,
    come,
    paid_to,
    standing,
    told,
    work,
)

LATER = NOON + timedelta(hours=2)


def test_an_order_that_is_cancelled_on_hold_pays_nobody(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    get_programme(session, offering.shop_id).hold_days = 14
    referral = come(session, offering, alice, carol)
    buy(session, offering)
    work(session, offering)

    buy(session, offering, cancelled_at=LATER, updated_at=LATER)
    work(session, offering, now=NOON + timedelta(days=20))

    assert standing(session, referral) == ("failed", "cancelled")
    assert paid_to(session, alice) == paid_to(session, carol) == []
    assert list_badges_of(session, offering.shop_id, alice.id) == []


def test_a_cancelled_order_takes_both_back(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    referral = come(session, offering, alice, carol)
    buy(session, offering)
    work(session, offering)

    buy(session, offering, cancelled_at=LATER, updated_at=LATER)
    work(session, offering, now=LATER)

    assert standing(session, referral) == ("reversed", "cancelled")
    assert paid_to(session, alice) == [("referral", 200), ("earn_reversal", -200)]
    assert paid_to(session, carol) == [("referral", 50), ("earn_reversal", -50)]
    assert told(session, carol) == ["referral_rewarded", "referral_reversed"]
    assert_books_agree(session, offering)


def deleted(session: Session, shop: Shop, order_id: int = 7001) -> None:
    """Shopify deletes an order of Carol's, and the jobs look at it."""
    delete_order(session, shop, order_id, now=LATER)
    work(session, shop, now=LATER)


def test_an_order_that_shopify_deletes_takes_both_back(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    referral = come(session, offering, alice, carol)
    buy(session, offering)
    work(session, offering)

    deleted(session, offering)

    assert standing(session, referral) == ("reversed", "cancelled")
    assert balance_of(session, alice).available == 0


def test_a_deleted_order_is_none_and_the_next_decides(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    # given a first order that was cancelled, and so decided against them
    referral = come(session, offering, alice, carol)
    buy(session, offering, cancelled_at=NOON, updated_at=NOON)
    work(session, offering)
    before = standing(session, referral)
    # when it is deleted, and another one comes
    deleted(session, offering)
    between = standing(session, referral)
    buy(session, offering, 7002, processed_at=LATER)
    work(session, offering, now=LATER)
    # then
    assert (before, between) == (("failed", "cancelled"), ("waiting", None))
    assert standing(session, referral) == ("paid", None)


def test_a_deleted_order_from_before_the_form_blocks_nobody(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    buy(session, offering, 6999, processed_at=NOON - timedelta(days=1))
    delete_order(session, offering, 6999, now=NOON)

    referral = come(session, offering, alice, carol)
    buy(session, offering)
    work(session, offering)

    assert standing(session, referral) == ("paid", None)


def test_an_order_of_which_nothing_is_left_takes_both_back(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    referral = come(session, offering, alice, carol)
    buy(session, offering)
    work(session, offering)

    record_refund(session, offering, a_refund(order_id=7001, lines=((70010, 1),)), now=LATER)
    work(session, offering, now=LATER)

    assert standing(session, referral) == ("reversed", "cancelled")


def test_a_refund_of_a_part_takes_nothing_back(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    a_referral_rule(session, offering, points=300, minimum_minor=5000, priority=1)
    referral = come(session, offering, alice, carol)
    lines = (a_line(1, gross_minor=3000), a_line(2, gross_minor=2000))
    buy(session, offering, lines=lines)
    record_refund(session, offering, a_refund(order_id=7001), now=LATER)

    work(session, offering, now=LATER)

    assert standing(session, referral) == ("paid", None)
    assert paid_to(session, alice) == [("referral", 300)]


def test_points_that_were_spent_are_owed_when_they_are_taken_back(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    come(session, offering, alice, carol)
    buy(session, offering)
    work(session, offering)
    cause = Cause("deduct", "spent", "test", "1", "staff:42", NOON)
    debit(
        session,
        lock_balance(session, offering.shop_id, alice.id),
        cause,
        points=150,
        now=NOON,
    )

    buy(session, offering, cancelled_at=LATER, updated_at=LATER)
    work(session, offering, now=LATER)

    assert balance_of(session, alice).available == -150
    assert_books_agree(session, offering)


def test_of_points_that_were_spent_and_died_a_shop_that_clamps_forgives_what_was_spent(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    programme = get_programme(session, offering.shop_id)
    programme.negative_balance, programme.expiry_since = "clamp", NOON.date()
    programme.expiry_mode, programme.expiry_days = "days", 5
    come(session, offering, alice, carol)
    buy(session, offering)
    work(session, offering)
    cause = Cause("deduct", "spent", "test", "1", "staff:42", NOON)
    balance = lock_balance(session, offering.shop_id, alice.id)
    debit(session, balance, cause, points=50, now=NOON)
    late = NOON + timedelta(days=11)

    buy(session, offering, cancelled_at=late, updated_at=late)
    work(session, offering, now=late)

    # 200 were given and 50 of them spent: 150 died, are brought back and taken; 50 are forgiven.
    assert paid_to(session, alice) == [("referral", 200), ("earn_reversal", -150)]
    assert balance_of(session, alice).available == 0
    assert_books_agree(session, offering)
