"""The worked cases of the section Redemptions; each stands in docs/rules.md with its arithmetic.

Alice has 1000 points. A reward of 5.00 off costs 100; an order carries three candles of 10.00 with
the discount and a lamp of 20.00 without it.
"""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import SYSTEM
from loyalty.base.errors import InsufficientPoints, NotReturnable, RewardLimitReached
from loyalty.members.tables import Member, MemberBalance, TimelineEvent
from loyalty.merging.merging import merge
from loyalty.orders.facts import CodeFacts
from loyalty.redemption.due import begin_expired, list_due
from loyalty.redemption.issuing import refuse
from loyalty.redemption.returning import begin, finish
from loyalty.redemption.tables import Redemption
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_refund
from tests.loyalty.conftest import balance_of
from tests.loyalty.ledger.cast import DAY, a_member, lots_of
from tests.loyalty.redemption.cast import a_reward, have_points, issued, reserved
from tests.loyalty.redemption.uses_cast import HOUR, LAMP, Spender, carrying, less


@pytest.fixture
def spender(session: Session, aurora: Shop, alice: Member) -> Spender:
    return Spender(session, aurora, alice)


def take_back(spender: Spender, redemption: Redemption) -> None:
    shop_id = spender.shop.shop_id
    begin(spender.session, shop_id, redemption.id, reason="voided", actor=SYSTEM, now=NOON)
    finish(spender.session, shop_id, redemption.id, now=NOON)


def test_redemptions_1_points_are_away_from_the_reservation_to_the_return(
    spender: Spender,
) -> None:
    redemption = spender.reserve()
    assert (redemption.state, spender.available) == ("reserved", 900)
    refuse(spender.session, spender.shop.shop_id, redemption.id, reason="not made", now=NOON)

    assert (redemption.state, spender.available) == ("returned", 1000)


def test_redemptions_2_never_points_and_code_both(spender: Spender) -> None:
    redemption = spender.redeem()
    shop_id = spender.shop.shop_id

    begin(spender.session, shop_id, redemption.id, reason="voided", actor=SYSTEM, now=NOON)
    assert spender.available == 900
    finish(spender.session, shop_id, redemption.id, now=NOON)
    assert spender.available == 1000


def test_redemptions_3_a_crash_between_leaves_it_to_the_sweep(spender: Spender) -> None:
    spender.reserve()
    shop_id = spender.shop.shop_id

    def due_after(seconds: int) -> int:
        now = NOON + timedelta(seconds=seconds)
        return len(list_due(spender.session, shop_id, now=now, limit=9))

    assert due_after(29) == 0
    assert due_after(30) == 1


def test_redemptions_4_a_returned_code_that_arrives_is_debited_again(spender: Spender) -> None:
    redemption = spender.redeem()
    take_back(spender, redemption)
    for _ in range(10):
        spender.redeem()
    assert spender.available == 0

    spender.tell(carrying(redemption))

    assert spender.available == -100
    assert spender.read(redemption).flags == ["used_after_return"]


def test_redemptions_5_store_credit_is_not_returned(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 1000)
    paid = issued(session, aurora, alice, a_reward(session, aurora, kind="store_credit"))

    with pytest.raises(NotReturnable):
        begin(session, aurora.shop_id, paid.id, reason="voided", actor=SYSTEM, now=NOON)

    assert balance_of(session, alice).available == 900


def test_redemptions_6_one_code_for_each_redemption(spender: Spender) -> None:
    codes = {spender.redeem().code for _ in range(2)}

    assert len(codes) == 2


def test_redemptions_7_what_a_client_says_of_the_cost_is_ignored(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 1000)

    made = reserved(session, aurora, alice, a_reward(session, aurora), points=1)

    assert made.points == 100


def test_redemptions_8_a_reward_per_point_costs_what_the_cart_can_use(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 1000)
    reward = a_reward(session, aurora, pricing="per_point", cost_points=100, amount_minor=100)

    made = reserved(session, aurora, alice, reward, cart_minor=799)

    assert made.points == 700
    assert Decimal(made.terms["amount_minor"]) / 100 == Decimal("7.00")


def test_redemptions_9_a_refund_gives_back_the_floored_share_in_all(spender: Spender) -> None:
    redemption = spender.redeem()
    spender.tell(carrying(redemption))

    back = []
    for pieces in (1, 2, 3):
        at = NOON + pieces * HOUR
        spender.tell(carrying(redemption, 5123, less(pieces), LAMP, updated_at=at))
        back.append(spender.available - 900)

    assert back == [33, 66, 100]


def test_redemptions_10_only_lines_that_carry_the_discount_count(spender: Spender) -> None:
    redemption = spender.redeem()
    spender.tell(carrying(redemption))

    gone = replace(LAMP, current_quantity=0)
    spender.tell(carrying(redemption, 5123, less(0), gone, updated_at=NOON + HOUR))

    assert spender.available - 900 == 0


def test_redemptions_11_a_cancelled_order_gives_all_of_them_back(spender: Spender) -> None:
    redemption = spender.redeem()
    spender.tell(carrying(redemption))

    spender.tell(carrying(redemption, cancelled_at=NOON + HOUR, updated_at=NOON + HOUR))

    assert spender.available - 900 == 100


def test_redemptions_12_free_shipping_comes_back_only_on_cancellation(spender: Spender) -> None:
    redemption = spender.redeem()
    assert redemption.code
    codes = (CodeFacts(redemption.code, 490),)
    gone = carrying(redemption, 5123, less(3), codes=codes, updated_at=NOON + HOUR)
    spender.tell(gone)
    assert spender.available - 900 == 0

    spender.tell(replace(gone, cancelled_at=NOON + 2 * HOUR, updated_at=NOON + 2 * HOUR))
    assert spender.available - 900 == 100


def test_redemptions_13_a_refund_of_money_alone_returns_nothing(spender: Spender) -> None:
    redemption = spender.redeem()

    spender.tell(carrying(redemption), a_refund(lines=(), money_minor=2500))

    assert spender.available - 900 == 0


def test_redemptions_14_it_stays_used_until_all_came_back(spender: Spender) -> None:
    redemption = spender.redeem()
    spender.tell(carrying(redemption))

    states = []
    for pieces in (2, 3):
        at = NOON + pieces * HOUR
        spender.tell(carrying(redemption, 5123, less(pieces), LAMP, updated_at=at))
        row = spender.read(redemption)
        states.append((row.points_returned, row.state))

    assert states == [(66, "used"), (100, "returned")]


def test_redemptions_15_points_go_to_their_lots_the_last_one_taken_first(
    session: Session, aurora: Shop, alice: Member
) -> None:
    soon, late = date(2026, 12, 1), date(2027, 3, 1)
    have_points(session, alice, 60, last_valid_on=soon)
    have_points(session, alice, 60, last_valid_on=late)
    redemption = issued(session, aurora, alice, a_reward(session, aurora))
    assert lots_of(session, alice) == [(late, 20)]
    begin(session, aurora.shop_id, redemption.id, reason="voided", actor=SYSTEM, now=NOON)

    finish(session, aurora.shop_id, redemption.id, now=NOON)

    assert lots_of(session, alice) == [(soon, 60), (late, 60)]


def test_redemptions_16_what_expired_since_comes_back_for_thirty_days(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 100, last_valid_on=date(2026, 12, 1))
    redemption = issued(session, aurora, alice, a_reward(session, aurora))
    later = NOON + 10 * DAY
    begin(session, aurora.shop_id, redemption.id, reason="voided", actor=SYSTEM, now=later)

    finish(session, aurora.shop_id, redemption.id, now=later)

    [(last_day, points)] = lots_of(session, alice)
    assert points == 100 and last_day is not None
    assert (last_day - later.date()).days == 30


def test_redemptions_17_they_go_to_the_lots_present_owner(spender: Spender) -> None:
    redemption = spender.redeem()
    carol = a_member(spender.session, spender.shop, 503)
    merge(spender.session, spender.shop, carol.id, spender.member.id, actor=SYSTEM, now=NOON)

    take_back(spender, redemption)

    assert balance_of(spender.session, carol).available == 1000
    assert spender.available == 0


def test_redemptions_18_a_code_whose_time_is_over_returns(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 100)
    redemption = issued(session, aurora, alice, a_reward(session, aurora))
    over = redemption.expires_at
    assert over is not None
    # Midnight in Madrid, an hour before UTC's, after the thirtieth day.
    assert (over + HOUR).date() - NOON.date() == timedelta(days=31)

    assert begin_expired(session, aurora.shop_id, now=over - timedelta(seconds=1), limit=9) == 0
    assert begin_expired(session, aurora.shop_id, now=over, limit=9) == 1
    finish(session, aurora.shop_id, redemption.id, now=over)

    assert session.get_one(MemberBalance, (aurora.shop_id, alice.id)).available == 100


def test_redemptions_19_reward_redeemable_is_told_once_for_each_crossing_from_below(
    session: Session, aurora: Shop, alice: Member
) -> None:
    reward = a_reward(session, aurora)
    told = []
    for points in (99, 1, 500):
        have_points(session, alice, points)
        told.append(_told(session, alice))
    for _ in range(6):
        reserved(session, aurora, alice, reward)
    have_points(session, alice, 100)
    told.append(_told(session, alice))

    assert told == [0, 1, 1, 2]


def test_redemptions_20_a_refusal_takes_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 199)
    reward = a_reward(session, aurora, limit_per_member=1, limit_period="month")
    dear = a_reward(session, aurora)
    reserved(session, aurora, alice, reward)

    with pytest.raises(RewardLimitReached):
        reserved(session, aurora, alice, reward)
    with pytest.raises(InsufficientPoints, match="1 point is missing"):
        reserved(session, aurora, alice, dear)

    assert balance_of(session, alice).available == 99


def test_redemptions_21_the_sixth_within_a_day_is_flagged(spender: Spender) -> None:
    flags = [spender.reserve().flags for _ in range(6)]

    assert [len(each) for each in flags] == [0, 0, 0, 0, 0, 1]


def _told(session: Session, member: Member) -> int:
    events = select(TimelineEvent.id).where(
        TimelineEvent.member_id == member.id, TimelineEvent.kind == "reward_redeemable"
    )
    return len(session.scalars(events).all())
