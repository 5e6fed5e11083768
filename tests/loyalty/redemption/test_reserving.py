"""Points become a reward: what a reservation takes, promises and refuses."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.audit import Actor, AuditRow
from loyalty.base.errors import (
    BadReward,
    CartTooSmall,
    IdempotencyConflict,
    InsufficientPoints,
    LoyaltyError,
    MemberNotActive,
    OutOfStock,
    ProgrammePaused,
    RewardLimitReached,
    RewardNotAvailable,
    RewardNotFound,
)
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import Member
from loyalty.programme.pausing import pause
from loyalty.redemption.reserving import reserve
from loyalty.redemption.tables import Redemption
from loyalty.redemption.terms import Terms
from loyalty.redemption.velocity import set_limits
from loyalty.rewards.saving import change_reward
from loyalty.rewards.stock import count_free, import_codes
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.ledger.cast import a_member, agree, figures
from tests.loyalty.redemption.cast import STAFF, a_reward, a_wish, have_points, issued, reserved


def untouched(session: Session, member: Member, points: int) -> bool:
    """Nothing was taken and nothing promised."""
    assert session.scalar(select(func.count()).select_from(Redemption)) == 0
    assert figures(session, member)[0] == points
    return True


def test_a_reservation_takes_the_points_and_promises_a_code(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 150)
    reward = a_reward(session, aurora)

    redemption = reserved(session, aurora, alice, reward)

    assert (redemption.state, redemption.points) == ("reserved", 100)
    assert re.fullmatch(r"ENC-[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}", redemption.code or "")
    assert redemption.next_at == NOON + timedelta(seconds=30)
    # Valid to the end of the thirtieth day: midnight in Madrid.
    assert redemption.expires_at == datetime(2026, 12, 22, 23, 0, tzinfo=UTC)
    assert figures(session, alice) == (50, 0, 150, 100)
    entry = session.get_one(LedgerEntry, (aurora.shop_id, redemption.entry_id))
    assert (entry.idempotency_key, entry.kind) == (f"redemption:{redemption.id}", "redeem")
    assert agree(session, aurora.shop_id)


def test_what_was_promised_stays_when_the_reward_changes(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 100)
    reward = a_reward(session, aurora, combines_with={"shipping": True, "order": False})
    redemption = reserved(session, aurora, alice, reward)

    change_reward(session, aurora, reward.id, {"amount": "9.00"}, actor=STAFF, now=NOON)

    terms = Terms.from_json(redemption.terms)
    assert (terms.amount_minor, terms.currency, terms.kind) == (500, "EUR", "fixed_amount")
    assert terms.combines_with == {"shipping"}
    assert (redemption.reward_version, reward.version) == (1, 2)


def test_the_same_wish_again_is_the_same_redemption(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 250)
    wish = a_wish(a_reward(session, aurora))
    first = reserve(session, aurora, alice.id, wish, actor=STAFF, now=NOON)

    again = reserve(session, aurora, alice.id, wish, actor=STAFF, now=NOON + timedelta(days=1))

    assert again.id == first.id
    assert figures(session, alice)[0] == 150


def test_the_same_key_for_another_wish_is_a_conflict(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 250)
    reward, key = a_reward(session, aurora), uuid4()
    bob = a_member(session, aurora, 502)
    have_points(session, bob, 250)
    reserved(session, aurora, alice, reward, client_key=key)

    with pytest.raises(IdempotencyConflict):
        reserved(session, aurora, alice, a_reward(session, aurora), client_key=key)
    with pytest.raises(IdempotencyConflict):
        reserved(session, aurora, alice, reward, client_key=key, cart_minor=1)
    with pytest.raises(IdempotencyConflict):
        reserved(session, aurora, bob, reward, client_key=key)

    assert (figures(session, alice)[0], figures(session, bob)[0]) == (150, 250)


def test_too_few_points_are_told_with_what_is_missing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 99)
    reward = a_reward(session, aurora)

    with pytest.raises(InsufficientPoints, match="1 point is missing"):
        reserved(session, aurora, alice, reward)

    assert untouched(session, alice, 99)


def test_points_that_are_over_buy_nothing(session: Session, aurora: Shop, alice: Member) -> None:
    have_points(session, alice, 100, last_valid_on=NOON.date())
    reward = a_reward(session, aurora)

    with pytest.raises(InsufficientPoints, match="100 points are missing"):
        reserved(session, aurora, alice, reward, at=NOON + timedelta(days=1))


@pytest.mark.parametrize(
    ("settings", "wish", "refusal"),
    [
        ({"is_active": False}, {}, RewardNotAvailable),
        ({"starts_on": "2026-11-23"}, {}, RewardNotAvailable),
        ({"ends_on": "2026-11-21"}, {}, RewardNotAvailable),
        ({"visibility": "till"}, {"channel": "online"}, RewardNotAvailable),
        ({"visibility": "online"}, {"channel": "till"}, RewardNotAvailable),
        ({"visibility": "hidden"}, {"channel": "till"}, RewardNotAvailable),
        ({"minimum_cart": "20.00"}, {"cart_minor": 1999}, CartTooSmall),
        ({"code_source": "stock"}, {}, OutOfStock),
        ({}, {"channel": "nowhere"}, BadReward),
        ({}, {"cart_minor": -1}, BadReward),
        ({}, {"points": 0}, BadReward),
        ({}, {"reward_id": uuid4()}, RewardNotFound),
    ],
)
def test_a_refusal_says_why_and_writes_nothing(
    session: Session,
    aurora: Shop,
    alice: Member,
    settings: dict[str, Any],
    wish: dict[str, Any],
    refusal: type[LoyaltyError],
) -> None:
    have_points(session, alice, 500)
    reward = a_reward(session, aurora, **settings)

    with pytest.raises(refusal, match=r"[a-z]"):
        reserved(session, aurora, alice, reward, **wish)

    assert untouched(session, alice, 500)


def test_staff_redeem_what_is_hidden(session: Session, aurora: Shop, alice: Member) -> None:
    have_points(session, alice, 100)
    reward = a_reward(session, aurora, visibility="hidden")

    assert reserved(session, aurora, alice, reward, channel="admin").state == "reserved"


def test_a_reward_of_another_shop_is_not_found(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 500)
    reward = a_reward(session, aurora)
    borealis = install_shop(session, "borealis", currency="USD", timezone="UTC")

    with pytest.raises(LoyaltyError):
        reserve(session, borealis, alice.id, a_wish(reward), actor=STAFF, now=NOON)


def test_while_the_programme_is_paused_nothing_is_redeemed(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 500)
    reward = a_reward(session, aurora)
    pause(session, aurora.shop_id, resume_mode="skip", actor=STAFF, now=NOON)

    with pytest.raises(ProgrammePaused):
        reserved(session, aurora, alice, reward)

    assert untouched(session, alice, 500)


def test_nobody_redeems_for_a_member_who_is_away(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 500)
    reward = a_reward(session, aurora)
    alice.state = "archived"
    session.flush()

    with pytest.raises(MemberNotActive):
        reserved(session, aurora, alice, reward)


def test_a_limit_counts_the_shops_days(session: Session, aurora: Shop, alice: Member) -> None:
    have_points(session, alice, 500)
    reward = a_reward(session, aurora, limit_per_member=1, limit_period="day")
    late = datetime(2026, 11, 22, 22, 59, tzinfo=UTC)  # 23:59 in Madrid
    reserved(session, aurora, alice, reward, at=late)

    with pytest.raises(RewardLimitReached, match="once a day"):
        reserved(session, aurora, alice, reward, at=late + timedelta(seconds=59))

    next_day = late + timedelta(minutes=1)
    assert reserved(session, aurora, alice, reward, at=next_day).state == "reserved"


def test_a_code_of_the_stock_is_given_once(session: Session, aurora: Shop, alice: Member) -> None:
    have_points(session, alice, 500)
    reward = a_reward(session, aurora, code_source="stock")
    import_codes(session, aurora.shop_id, reward.id, "b-2\nA-1\n", actor=STAFF, now=NOON)

    first, second = (reserved(session, aurora, alice, reward) for _ in range(2))

    assert (first.code, second.code) == ("A-1", "B-2")
    assert count_free(session, aurora.shop_id, reward.id) == 0
    with pytest.raises(OutOfStock):
        reserved(session, aurora, alice, reward)


def test_store_credit_has_no_code(session: Session, aurora: Shop, alice: Member) -> None:
    have_points(session, alice, 100)
    reward = a_reward(session, aurora, kind="store_credit")

    redemption = issued(session, aurora, alice, reward)

    assert (redemption.state, redemption.code, redemption.expires_at) == ("used", None, None)


def test_beyond_the_velocity_limit_a_redemption_is_flagged_and_not_refused(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 1000)
    reward = a_reward(session, aurora)
    within = [reserved(session, aurora, alice, reward).flags for _ in range(5)]

    beyond = reserved(session, aurora, alice, reward)
    next_day = reserved(session, aurora, alice, reward, at=NOON + timedelta(days=1))

    assert within == [[]] * 5
    assert beyond.flags == ["velocity_member"]
    assert next_day.flags == []


def test_a_cashier_who_redeems_for_many_is_flagged(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 500)
    reward, cashier = a_reward(session, aurora), Actor("till_user", "7")
    set_limits(session, aurora.shop_id, per_user=1, actor=STAFF, now=NOON)
    wishes = [a_wish(reward, channel="till") for _ in range(2)]

    first, second = (
        reserve(session, aurora, alice.id, wish, actor=cashier, now=NOON) for wish in wishes
    )

    assert (first.flags, second.flags) == ([], ["velocity_user"])


def test_who_redeems_for_a_member_stands_in_the_audit_trail(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 200)
    reward = a_reward(session, aurora)

    by_staff = reserve(session, aurora, alice.id, a_wish(reward), actor=STAFF, now=NOON)
    reserved(session, aurora, alice, reward)

    rows = session.scalars(select(AuditRow).where(AuditRow.action == "reward_redeemed")).all()
    assert [(row.actor_kind, row.details["redemption_id"]) for row in rows] == [
        ("staff", str(by_staff.id))
    ]
