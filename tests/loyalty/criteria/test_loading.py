"""The facts of a member, read from what is stored, on the shop's days."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from loyalty.actions.awarding import award_action
from loyalty.audit import SYSTEM
from loyalty.base.errors import MemberNotFound
from loyalty.base.ids import new_id
from loyalty.criteria.facts import Source
from loyalty.criteria.loading import member_facts, members_facts, whole_years
from loyalty.expiry.calendar import expiry_calendar
from loyalty.expiry.settings import set_expiry
from loyalty.ledger.posting import Cause, credit, debit, lock_balance
from loyalty.members.consent import say
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.tiers.cast import buy, have_tiers, noon_of

TODAY = date(2026, 11, 22)


def post(session: Session, member: Member, kind: str, points: int) -> None:
    balance = lock_balance(session, member.shop_id, member.id)
    cause = Cause(kind, f"{kind}:{new_id()}", "test", "1", "system:test", NOON)
    move = credit if points > 0 else debit
    move(session, balance, cause, points=abs(points), now=NOON)


def test_facts_are_read_from_every_source(session: Session, aurora: Shop, alice: Member) -> None:
    tiers = have_tiers(session, aurora)
    alice.birthday_on = date(2000, 11, 3)
    buy(session, aurora, 1, 300_00, date(2026, 3, 1))
    buy(session, aurora, 2, 200_01, TODAY)
    buy(session, aurora, 3, 900_00, TODAY, is_test=True)
    buy(session, aurora, 4, 900_00, TODAY, cancelled_at=NOON)
    buy(session, aurora, 5, 900_00, TODAY, is_paid=False)
    post(session, alice, "referral", 50)
    post(session, alice, "redeem", -20)
    award_action(session, aurora, alice.id, "pass_installed", occurred_at=NOON, now=NOON)

    facts = member_facts(session, aurora.shop_id, alice.id, NOON)

    assert (facts.order_count, facts.total_spend, facts.average_order) == (2, 500_01, 250_01)
    assert (facts.first_order_on, facts.last_order_on) == (date(2026, 3, 1), TODAY)
    assert facts.has_birthday and facts.has_birthday_month_order
    assert (facts.tier, facts.is_in_top_tier) == (tiers["Gold"].id, True)
    # The order of after the install earns as Silver: floor(200.01 × 1.5) = 300. A friend is 50.
    assert (facts.available_points, facts.lifetime_earned, facts.lifetime_burned) == (330, 350, 20)
    assert (facts.referral_count, facts.redemption_count) == (1, 1)
    assert (facts.has_had_pass, facts.check_in_count) == (True, 0)
    assert (facts.joined_on, facts.member_years, facts.enrolled_by) == (TODAY, 0, "account")
    assert facts.today == TODAY


def test_points_that_expire_are_those_of_the_calendar(
    session: Session, aurora: Shop, alice: Member
) -> None:
    balance = lock_balance(session, aurora.shop_id, alice.id)
    for days, points in ((-1, 1), (0, 2), (7, 4), (8, 8), (30, 16), (31, 32)):
        cause = Cause("grant", f"grant:{days}", "test", "1", "system:test", NOON)
        credit(
            session,
            balance,
            cause,
            points=points,
            now=NOON,
            last_valid_on=TODAY + timedelta(days=days),
        )

    facts = member_facts(session, aurora.shop_id, alice.id, NOON)

    assert (facts.expiring_7_days, facts.expiring_30_days) == (2 + 4, 2 + 4 + 8 + 16)
    calendar = expiry_calendar(session, aurora, alice.id, now=NOON)
    near = [
        d for d in calendar if d.last_valid_on and d.last_valid_on <= TODAY + timedelta(days=30)
    ]
    assert sum(day.points for day in near) == facts.expiring_30_days


def test_inactivity_ends_points_unless_their_own_day_is_sooner(
    session: Session, aurora: Shop, alice: Member
) -> None:
    set_expiry(session, aurora, mode="inactivity", days=20, actor=SYSTEM, now=NOON)
    post(session, alice, "grant", 100)
    soon = TODAY + timedelta(days=3)
    cause = Cause("grant", "grant:soon", "test", "1", "system:test", NOON)
    balance = lock_balance(session, aurora.shop_id, alice.id)
    credit(session, balance, cause, points=5, now=NOON, last_valid_on=soon)

    facts = member_facts(session, aurora.shop_id, alice.id, NOON)

    assert (facts.expiring_7_days, facts.expiring_30_days) == (5, 105)


def test_words_on_marketing_are_the_ones_that_stand(
    session: Session, aurora: Shop, alice: Member
) -> None:
    silent = member_facts(session, aurora.shop_id, alice.id, NOON)
    say(session, aurora.shop_id, alice.id, "email", "unsubscribed", source="page", said_at=NOON)
    later = NOON + timedelta(hours=1)
    say(session, aurora.shop_id, alice.id, "email", "asked", source="join_page", said_at=later)

    facts = member_facts(session, aurora.shop_id, alice.id, NOON)

    assert (silent.email_consent, silent.sms_consent) == ("none", "none")
    assert facts.email_consent == "unsubscribed", "a tick is no yes"


def test_only_the_sources_asked_for_are_read(session: Session, aurora: Shop, alice: Member) -> None:
    buy(session, aurora, 1, 10_00, TODAY)

    found = members_facts(session, aurora, [alice.id], now=NOON, sources=[Source.BALANCE])

    assert (found[alice.id].available_points, found[alice.id].order_count) == (10, 0)


def test_days_are_the_shops(session: Session, aurora: Shop, alice: Member) -> None:
    # 23:30 UTC on 21 November is 00:30 on the 22nd in Madrid.
    at = noon_of(aurora, TODAY).replace(hour=23, minute=30) - timedelta(days=1)
    buy(session, aurora, 1, 10_00, TODAY, created_at=at, processed_at=at)

    assert member_facts(session, aurora.shop_id, alice.id, NOON).first_order_on == TODAY


def test_nobody_of_another_shop_or_put_away_has_facts(
    session: Session, aurora: Shop, alice: Member
) -> None:
    alice.state = "archived"
    session.flush()

    assert members_facts(session, aurora, [alice.id, new_id()], now=NOON) == {}
    with pytest.raises(MemberNotFound):
        member_facts(session, aurora.shop_id, alice.id, NOON)


@pytest.mark.parametrize(
    ("joined_on", "today", "years"),
    [
        (date(2025, 11, 22), date(2026, 11, 21), 0),
        (date(2025, 11, 22), date(2026, 11, 22), 1),
        (date(2024, 2, 29), date(2025, 2, 27), 0),
        (date(2024, 2, 29), date(2025, 2, 28), 1),
        (date(2026, 11, 23), date(2026, 11, 22), 0),
    ],
)
def test_years_are_whole(joined_on: date, today: date, years: int) -> None:
    assert whole_years(joined_on, today) == years
