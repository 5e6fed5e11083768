"""The worked cases of the section Badges; each stands in docs/rules.md."""

from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.actions.awarding import award_action
from loyalty.audit import Actor
from loyalty.badges.awarding import give_badges
from loyalty.badges.editing import add_badge
from loyalty.badges.tables import Badge, MemberBadge
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.tiers.cast import buy, have_tiers, noon_of

TODAY = date(2026, 11, 22)


def badges(session: Session, member: Member) -> dict[str, date]:
    """The names of the member's badges, each with its day."""
    rows = session.execute(
        select(Badge.name, MemberBadge.earned_on)
        .join(MemberBadge, MemberBadge.badge_id == Badge.id)
        .where(MemberBadge.shop_id == member.shop_id, MemberBadge.member_id == member.id)
    )
    return {row.name: row.earned_on for row in rows}


def after_night(session: Session, shop: Shop, member: Member, day: date) -> dict[str, date]:
    """The same after the look at the shop's day."""
    give_badges(session, shop, [member.id], now=noon_of(shop, day))
    return badges(session, member)


def test_badges_1_the_first_order_earns_one_with_its_day(
    session: Session, aurora: Shop, alice: Member
) -> None:
    assert badges(session, alice) == {}

    buy(session, aurora, 1, 10_00, TODAY)

    assert badges(session, alice) == {"First order": TODAY}
    assert len(badges(session, alice)) == 1


def test_badges_2_the_tenth_order_earns_one_and_the_ninth_does_not(
    session: Session, aurora: Shop, alice: Member
) -> None:
    for number in range(1, 10):
        buy(session, aurora, number, 10_00, TODAY)
    assert "10th order" not in badges(session, alice)

    buy(session, aurora, 10, 10_00, TODAY)

    assert "10th order" in badges(session, alice)


def test_badges_3_an_order_in_the_birthday_month_earns_one(
    session: Session, aurora: Shop, alice: Member
) -> None:
    alice.birthday_on = date(2000, 12, 31)
    buy(session, aurora, 1, 10_00, date(2026, 11, 30))
    assert "Birthday month shopper" not in badges(session, alice)

    buy(session, aurora, 2, 10_00, date(2026, 12, 1))

    assert badges(session, alice)["Birthday month shopper"] == date(2026, 12, 1)


def test_badges_4_a_friend_brought_earns_one(session: Session, aurora: Shop, alice: Member) -> None:
    assert after_night(session, aurora, alice, TODAY) == {}
    balance = lock_balance(session, aurora.shop_id, alice.id)
    cause = Cause("referral", "referral:1", "test", "1", "system:test", NOON)
    credit(session, balance, cause, points=100, now=NOON)

    earned = after_night(session, aurora, alice, TODAY)
    assert earned == {"Referrer": TODAY}
    assert len(earned) == 1


def test_badges_5_the_top_tier_earns_one_and_a_lower_one_does_not(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora)
    buy(session, aurora, 1, 499_99, TODAY)
    assert "Top tier" not in badges(session, alice)

    buy(session, aurora, 2, 1, TODAY)

    # 499.99 + 0.01 = 500.00, where Gold begins.
    assert "Top tier" in badges(session, alice)


def test_badges_6_one_three_and_five_years_earn_one_each(
    session: Session, aurora: Shop, alice: Member
) -> None:
    joined = date(2026, 11, 22)
    assert after_night(session, aurora, alice, date(2027, 11, 21)) == {}

    after_night(session, aurora, alice, date(2027, 11, 22))
    after_night(session, aurora, alice, date(2029, 11, 22))
    earned = after_night(session, aurora, alice, date(2031, 11, 22))

    years = {name: day.year - joined.year for name, day in earned.items()}
    assert years == {"1 year": 1, "3 years": 3, "5 years": 5}


def test_badges_7_the_first_installed_pass_earns_one(
    session: Session, aurora: Shop, alice: Member
) -> None:
    award_action(session, aurora, alice.id, "pass_installed", occurred_at=NOON, now=NOON)

    assert badges(session, alice) == {"Pass holder": TODAY}
    assert len(badges(session, alice)) == 1


def test_badges_8_a_badge_is_given_once_and_stays(
    session: Session, aurora: Shop, alice: Member
) -> None:
    buy(session, aurora, 1, 10_00, TODAY)
    buy(session, aurora, 1, 10_00, TODAY, cancelled_at=NOON)
    buy(session, aurora, 2, 10_00, TODAY + timedelta(days=1))

    earned = after_night(session, aurora, alice, TODAY + timedelta(days=2))

    assert earned == {"First order": TODAY}
    assert len(earned) == 1


def test_badges_9_a_merchants_own_badge_is_earned_by_its_criteria(
    session: Session, aurora: Shop, alice: Member
) -> None:
    add_badge(
        session,
        aurora.shop_id,
        name="Big spender",
        description="",
        criteria={"fact": "total_spend", "is": "at_least", "value": 250_00},
        actor=Actor("staff", "1"),
        now=NOON,
    )
    buy(session, aurora, 1, 249_99, TODAY)
    assert "Big spender" not in badges(session, alice)

    buy(session, aurora, 2, 1, TODAY)

    assert "Big spender" in badges(session, alice)
    assert len(badges(session, alice)) == 2
