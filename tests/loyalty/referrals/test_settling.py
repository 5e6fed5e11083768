"""When both sides are paid: by the friend's first paid order, after the hold; and taken back."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.badges.views import list_badges_of
from loyalty.earning.saving import change_rule
from loyalty.members.tables import Member
from loyalty.orders.recording import record_order
from loyalty.outbox import FRIEND_ORDER_CHANGED, OutboxEvent
from loyalty.programme.pausing import pause, resume
from loyalty.programme.rules import get_programme
from loyalty.referrals.settling import settle
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, an_order
from tests.loyalty.conftest import balance_of
from tests.loyalty.merging.cast import assert_books_agree
from tests.loyalty.referrals.cast import (
    CAME,
    DANA,
    a_friend,
    a_referral_rule,
    buy,
    come,
    paid_to,
    standing,
    told,
    turn_on,
    work,
)

LATER = NOON + timedelta(hours=2)


def test_the_first_paid_order_pays_both_sides(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    referral = come(session, offering, alice, carol)

    buy(session, offering)
    work(session, offering)

    assert standing(session, referral) == ("paid", None)
    assert paid_to(session, alice) == [("referral", 200)]
    assert paid_to(session, carol) == [("referral", 50)]
    assert told(session, alice) == ["referral_claimed", "referral_rewarded"]
    assert_books_agree(session, offering)


def test_nothing_is_paid_before_the_friend_has_bought(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    referral = come(session, offering, alice, carol)

    buy(session, offering, is_paid=False)
    work(session, offering)

    assert standing(session, referral) == ("waiting", None)
    assert paid_to(session, alice) == []


def test_told_twice_and_settled_twice_it_is_paid_once(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    referral = come(session, offering, alice, carol)

    for _ in range(2):
        buy(session, offering)
        work(session, offering)
        settle(session, offering, referral.id, now=LATER)

    assert paid_to(session, alice) == [("referral", 200)]
    assert paid_to(session, carol) == [("referral", 50)]


def test_a_second_order_pays_nothing_more(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    come(session, offering, alice, carol)
    buy(session, offering)
    work(session, offering)

    buy(session, offering, 7002, processed_at=LATER)
    work(session, offering)

    assert paid_to(session, alice) == [("referral", 200)]


def test_both_sides_are_paid_when_the_hold_is_over(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    get_programme(session, offering.shop_id).hold_days = 14
    referral = come(session, offering, alice, carol)
    buy(session, offering)
    over = NOON + timedelta(days=14)

    work(session, offering)
    work(session, offering, now=over - timedelta(seconds=1))
    before = (standing(session, referral)[0], paid_to(session, alice))
    work(session, offering, now=over)

    assert before == ("held", [])
    assert standing(session, referral) == ("paid", None)
    assert balance_of(session, alice).available == 200
    assert paid_to(session, carol) == [("referral", 50)]


def test_friends_who_never_bought_keep_nobody_from_being_paid(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    get_programme(session, offering.shop_id).hold_days = 14
    for number in range(3):
        friend = a_friend(session, offering, customer_id=800 + number)
        come(session, offering, alice, friend, at=CAME - timedelta(days=1))
    referral = come(session, offering, alice, carol)
    buy(session, offering)
    work(session, offering)

    work(session, offering, now=NOON + timedelta(days=14), limit=1)

    assert standing(session, referral) == ("paid", None)


def test_a_friend_who_waited_long_is_seen_when_they_buy(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    referral = come(session, offering, alice, carol)
    work(session, offering)
    waits = (standing(session, referral), referral.due_at)

    buy(session, offering)
    work(session, offering)

    assert waits == (("waiting", None), None)
    assert standing(session, referral) == ("paid", None)


@pytest.mark.parametrize(("amount_minor", "points"), [(4999, []), (5000, [("referral", 200)])])
def test_the_minimum_may_be_met_exactly(
    session: Session, aurora: Shop, alice: Member, amount_minor: int, points: list[object]
) -> None:
    turn_on(session, aurora)
    a_referral_rule(session, aurora, minimum_minor=5000)
    come(session, aurora, alice, a_friend(session, aurora))

    buy(session, aurora, amount_minor=amount_minor)
    work(session, aurora)

    assert paid_to(session, alice) == points


def test_the_first_order_decides_and_no_later_one(
    session: Session, aurora: Shop, alice: Member
) -> None:
    turn_on(session, aurora)
    a_referral_rule(session, aurora, minimum_minor=5000)
    referral = come(session, aurora, alice, a_friend(session, aurora))

    buy(session, aurora, amount_minor=1000)
    work(session, aurora)
    buy(session, aurora, 7002, amount_minor=9000, processed_at=LATER)
    work(session, aurora)

    assert standing(session, referral) == ("failed", "below_minimum")
    assert paid_to(session, alice) == []


def test_orders_that_come_in_the_wrong_order_decide_the_same(
    session: Session, aurora: Shop, alice: Member
) -> None:
    """The second, which is enough, is heard of first; then the first, which is not."""
    turn_on(session, aurora)
    a_referral_rule(session, aurora, minimum_minor=5000)
    referral = come(session, aurora, alice, a_friend(session, aurora))

    buy(session, aurora, 7002, amount_minor=9000, processed_at=LATER)
    work(session, aurora)
    buy(session, aurora, amount_minor=1000)
    work(session, aurora)

    assert standing(session, referral) == ("reversed", "below_minimum")
    assert balance_of(session, alice).available == 0


def test_an_earlier_order_that_is_heard_of_late_blocks_the_referral(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    referral = come(session, offering, alice, carol)
    buy(session, offering)
    work(session, offering)

    before = CAME - timedelta(days=1)
    buy(session, offering, 6999, processed_at=before, created_at=before)
    work(session, offering)

    assert standing(session, referral) == ("reversed", "earlier_order")
    assert balance_of(session, alice).available == 0


def test_an_order_that_came_before_its_claim_was_taken_counts(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    """The order's webhook was quicker than the job that looks who sent the form."""
    buy(session, offering)

    come(session, offering, alice, carol)
    work(session, offering)

    assert paid_to(session, alice) == [("referral", 200)]


def test_test_orders_decide_nothing(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    referral = come(session, offering, alice, carol)

    buy(session, offering, is_test=True)
    work(session, offering)

    assert standing(session, referral) == ("waiting", None)


def test_without_a_rule_nothing_is_paid_and_a_later_rule_changes_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    turn_on(session, aurora)
    referral = come(session, aurora, alice, a_friend(session, aurora))
    buy(session, aurora)
    work(session, aurora)

    a_referral_rule(session, aurora)
    settle(session, aurora, referral.id, now=LATER)

    assert standing(session, referral) == ("failed", "no_rule")


def test_what_was_decided_on_hold_stays_when_the_rule_changes(
    session: Session, aurora: Shop, alice: Member
) -> None:
    turn_on(session, aurora)
    rule = a_referral_rule(session, aurora)
    get_programme(session, aurora.shop_id).hold_days = 14
    come(session, aurora, alice, a_friend(session, aurora))
    buy(session, aurora)
    work(session, aurora)

    change_rule(session, aurora.shop_id, rule.id, {"fixed_points": 9}, actor=DANA, now=LATER)
    work(session, aurora, now=NOON + timedelta(days=14))

    assert paid_to(session, alice) == [("referral", 200)]


@pytest.mark.parametrize("hold_days", [0, 7, 30])
def test_a_hold_once_begun_is_changed_by_no_setting(
    session: Session, offering: Shop, alice: Member, carol: Member, hold_days: int
) -> None:
    get_programme(session, offering.shop_id).hold_days = 14
    come(session, offering, alice, carol)
    buy(session, offering)
    work(session, offering)
    over = NOON + timedelta(days=14)

    get_programme(session, offering.shop_id).hold_days = hold_days
    # The order arrives once more, which wakes its referral.
    buy(session, offering, updated_at=NOON + timedelta(minutes=1))
    work(session, offering, now=over - timedelta(seconds=1))
    before = paid_to(session, alice)
    work(session, offering, now=over + timedelta(minutes=1))

    assert (before, paid_to(session, alice)) == ([], [("referral", 200)])


@pytest.mark.parametrize(("mode", "points"), [("catch_up", [("referral", 200)]), ("skip", [])])
def test_a_pause_lets_it_wait_and_its_end_says_what_becomes_of_it(
    session: Session,
    offering: Shop,
    alice: Member,
    carol: Member,
    mode: str,
    points: list[object],
) -> None:
    come(session, offering, alice, carol)
    shop_id = offering.shop_id
    pause(session, shop_id, resume_mode=mode, actor=DANA, now=NOON - timedelta(minutes=1))
    buy(session, offering)
    work(session, offering)
    meanwhile = paid_to(session, alice)

    resume(session, shop_id, actor=DANA, now=LATER)
    work(session, offering, now=LATER)

    assert meanwhile == []
    assert paid_to(session, alice) == points


def test_a_pause_shortens_no_hold(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    get_programme(session, offering.shop_id).hold_days = 14
    come(session, offering, alice, carol)
    buy(session, offering)
    work(session, offering)
    pause(session, offering.shop_id, resume_mode="catch_up", actor=DANA, now=NOON)
    buy(session, offering, 7002, processed_at=LATER)
    work(session, offering, now=LATER)
    resume(session, offering.shop_id, actor=DANA, now=LATER)

    work(session, offering, now=NOON + timedelta(days=13))
    early = paid_to(session, alice)
    work(session, offering, now=NOON + timedelta(days=14))

    assert (early, paid_to(session, alice)) == ([], [("referral", 200)])


def test_an_order_placed_before_a_pause_and_paid_in_it_is_of_the_pause(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    come(session, offering, alice, carol)
    shop_id, minute = offering.shop_id, timedelta(minutes=1)
    pause(session, shop_id, resume_mode="skip", actor=DANA, now=NOON + minute)
    resume(session, shop_id, actor=DANA, now=LATER)

    buy(session, offering, updated_at=NOON + 2 * minute)
    work(session, offering, now=LATER)

    assert paid_to(session, alice) == []


def test_a_payment_heard_of_late_shortens_what_is_on_hold(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    get_programme(session, offering.shop_id).hold_days = 14
    come(session, offering, alice, carol)
    buy(session, offering, updated_at=NOON + timedelta(days=3))
    work(session, offering)

    buy(session, offering, updated_at=NOON + timedelta(days=1))
    work(session, offering, now=NOON + timedelta(days=4))
    work(session, offering, now=NOON + timedelta(days=15))

    assert paid_to(session, alice) == [("referral", 200)]


def test_only_who_brought_somebody_gets_the_badge(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    come(session, offering, alice, carol)

    buy(session, offering)
    work(session, offering)

    badges = [
        {badge.name for badge in list_badges_of(session, offering.shop_id, member.id)}
        for member in (alice, carol)
    ]
    assert "Referrer" in badges[0] and "Referrer" not in badges[1]


def test_the_desk_tells_of_nobody_who_was_not_brought(
    session: Session, offering: Shop, alice: Member
) -> None:
    record_order(session, offering, an_order(), now=NOON, is_backfill=False)

    asked = select(OutboxEvent).where(OutboxEvent.kind == FRIEND_ORDER_CHANGED)
    assert session.scalars(asked).all() == []
