"""When both sides are paid: by the friend's first paid order, after the hold; and taken back."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.badges.views import list_badges_of
from loyalty.earning.saving import change_rule
from loyalty.ledger.posting import Cause, debit, lock_balance
from loyalty.members.addresses import address_mark
from loyalty.members.tables import Member
from loyalty.merging.undoing import undo as undo_merge
from loyalty.orders.recording import record_order, record_refund
from loyalty.outbox import FRIEND_ORDER_CHANGED, OutboxEvent
from loyalty.programme.pausing import pause, resume
from loyalty.programme.rules import get_programme
from loyalty.referrals.settling import settle
from loyalty.referrals.tables import Referral
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_line, a_refund, an_order
from tests.loyalty.conftest import balance_of
from tests.loyalty.merging.cast import assert_books_agree, make_one
from tests.loyalty.referrals.cast import (
    CAME,
    DANA,
    a_friend,
    a_referral_rule,
    buy,
    come,
    paid_to,
    told,
    turn_on,
    work,
)

LATER = NOON + timedelta(hours=2)


def standing(session: Session, referral: Referral) -> tuple[str, str | None]:
    session.flush()
    session.refresh(referral)
    return referral.state, referral.reason


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


def test_the_desk_tells_of_nobody_who_was_not_brought(
    session: Session, offering: Shop, alice: Member
) -> None:
    record_order(session, offering, an_order(), now=NOON, is_backfill=False)

    asked = select(OutboxEvent).where(OutboxEvent.kind == FRIEND_ORDER_CHANGED)
    assert session.scalars(asked).all() == []
