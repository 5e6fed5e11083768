"""Reward Redeemable is told once each time available points reach a reward's cost from below."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.ledger.books import Books
from loyalty.ledger.giving_back import give_back
from loyalty.members.tables import Member, TimelineEvent
from loyalty.orders.recording import record_order
from loyalty.programme.pausing import pause
from loyalty.redemption.issuing import refuse
from loyalty.rewards.crossing import list_newest
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_line, an_order
from tests.loyalty.conftest import credit_history
from tests.loyalty.ledger.cast import DAY, Hand, a_cause
from tests.loyalty.redemption.cast import STAFF, a_reward, have_points, reserved


def told(session: Session, member: Member) -> list[str]:
    """The rewards that the member was told of, the oldest first."""
    rows = session.scalars(
        select(TimelineEvent)
        .where(TimelineEvent.member_id == member.id, TimelineEvent.kind == "reward_redeemable")
        .order_by(TimelineEvent.id)
    )
    return [row.details["reward"] for row in rows]


def test_a_reward_is_told_when_its_cost_is_reached_and_not_again_above(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_reward(session, aurora, name="Five", cost_points=100)
    have_points(session, alice, 99)
    assert told(session, alice) == []

    have_points(session, alice, 1)
    have_points(session, alice, 500)

    assert told(session, alice) == ["Five"]


def test_it_is_told_again_after_falling_below(
    session: Session, aurora: Shop, alice: Member
) -> None:
    reward = a_reward(session, aurora, name="Five", cost_points=100)
    have_points(session, alice, 100)
    redemption = reserved(session, aurora, alice, reward)
    assert told(session, alice) == ["Five"]

    refuse(session, aurora.shop_id, redemption.id, reason="gone", now=NOON)

    assert told(session, alice) == ["Five", "Five"]


def test_one_credit_may_reach_several_rewards(
    session: Session, aurora: Shop, alice: Member
) -> None:
    for name, cost in (("Five", 100), ("Ten", 200), ("Far", 201)):
        a_reward(session, aurora, name=name, cost_points=cost)

    have_points(session, alice, 200)

    assert told(session, alice) == ["Five", "Ten"]
    newest = list_newest(session, aurora.shop_id, [alice.id])
    assert newest[alice.id].name == "Ten"


def test_points_on_hold_reach_nothing_yet(session: Session, aurora: Shop, alice: Member) -> None:
    a_reward(session, aurora)

    have_points(session, alice, 100, available_at=NOON + DAY)

    assert told(session, alice) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"visibility": "hidden"},
        {"is_active": False},
        {"starts_on": "2026-12-01"},
        {"code_source": "stock"},
    ],
)
def test_what_the_member_cannot_have_is_not_told(
    session: Session, aurora: Shop, alice: Member, settings: dict[str, Any]
) -> None:
    a_reward(session, aurora, **settings)

    have_points(session, alice, 100)

    assert told(session, alice) == []


def test_a_reward_that_is_used_up_is_not_told(
    session: Session, aurora: Shop, alice: Member
) -> None:
    reward = a_reward(session, aurora, limit_per_member=1)
    have_points(session, alice, 100)
    reserved(session, aurora, alice, reward)

    have_points(session, alice, 100)

    assert told(session, alice) == ["Five off"]


def test_in_a_pause_nothing_is_told(session: Session, aurora: Shop, alice: Member) -> None:
    a_reward(session, aurora)
    pause(session, aurora.shop_id, resume_mode="skip", actor=STAFF, now=NOON)

    have_points(session, alice, 100)

    assert told(session, alice) == []


def test_a_store_credit_on_its_way_keeps_none_from_being_told(
    session: Session, aurora: Shop, alice: Member
) -> None:
    credit = a_reward(session, aurora, name="Credit", kind="store_credit")
    have_points(session, alice, 100)
    reserved(session, aurora, alice, credit)

    have_points(session, alice, 100)

    assert told(session, alice) == ["Credit", "Credit"]


def test_an_order_tells_and_credited_history_does_not(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_reward(session, aurora, name="Cheap", cost_points=10)
    a_reward(session, aurora, name="Dear", cost_points=20)
    past = NOON - timedelta(days=60)
    old = {"created_at": past, "processed_at": past, "updated_at": past}
    history = an_order(1, a_line(gross_minor=1000), **old)
    record_order(session, aurora, history, now=NOON, is_backfill=False)
    credit_history(session, aurora, past.date())
    assert told(session, alice) == []

    order = an_order(2, a_line(2, gross_minor=1000))
    record_order(session, aurora, order, now=NOON, is_backfill=False)

    assert told(session, alice) == ["Dear"]


def test_points_that_fall_and_rise_in_one_transaction_tell_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    hand = Hand(session, alice)
    a_reward(session, aurora, cost_points=100)
    hand.credit(300)
    debit = hand.debit(200)
    before = told(session, alice)
    books = Books.open(session, aurora.shop_id, [alice.id], now=NOON)

    books.debit(alice.id, a_cause("earn_reversal", "less"), points=30)
    give_back(books, debit.id, a_cause("redeem_reversal", "back"), points=200)
    books.write()

    assert books.balance(alice.id).available == 270
    assert told(session, alice) == before == ["Five off"]
