"""Emails that a shop sends by itself: each has a switch, and asks for nothing while it is off."""

from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import automatic_emails, outbox
from loyalty.audit import Actor, AuditRow
from loyalty.base.errors import UnknownEmailKind
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.members.tables import Member
from loyalty.outbox import OutboxEvent
from loyalty.rewards.saving import add_reward
from loyalty.shops.tables import Shop
from loyalty.tiers.by_hand import set_tier_by_hand
from tests.factories.facts import NOON
from tests.loyalty.referrals.cast import a_friend, a_referral_rule, come, turn_on, work
from tests.loyalty.referrals.cast import buy as friend_buys
from tests.loyalty.tiers.cast import buy, have_tiers

DANA = Actor("staff", "42")
TODAY = date(2026, 11, 22)


def switch(session: Session, shop: Shop, kind: str, is_on: bool = True) -> bool:
    return automatic_emails.switch(session, shop.shop_id, kind, is_on, actor=DANA, now=NOON)


def earn(session: Session, alice: Member, points: int) -> None:
    balance = lock_balance(session, alice.shop_id, alice.id)
    cause = Cause("grant", f"test:{uuid4()}", "test", "1", "system:test", NOON)
    credit(session, balance, cause, points=points, now=NOON)
    session.flush()


def asked(session: Session, kind: str) -> list[OutboxEvent]:
    return list(session.scalars(select(OutboxEvent).where(OutboxEvent.kind == kind)))


def test_new_kinds_are_off_and_those_that_were_there_stay_on(
    session: Session, aurora: Shop
) -> None:
    assert automatic_emails.list_switches(session, aurora.shop_id) == {
        "card": True,
        "birthday": True,
        "expiry_warning": True,
        "tier": False,
        "reward_in_reach": False,
        "referral": False,
        "data_request": False,
    }


@pytest.mark.parametrize("kind", automatic_emails.KINDS)
def test_a_switch_turned_twice_is_turned_and_audited_once(
    session: Session, aurora: Shop, kind: str
) -> None:
    wanted = not automatic_emails.is_on(session, aurora.shop_id, kind)

    assert [switch(session, aurora, kind, wanted) for _ in range(2)] == [True, False]

    assert automatic_emails.is_on(session, aurora.shop_id, kind) is wanted
    session.flush()
    rows = session.scalars(select(AuditRow).where(AuditRow.action.endswith("switched"))).all()
    assert [row.details["is_on"] for row in rows] == [wanted]


@pytest.mark.parametrize("kind", ["campaign", "proof", "", "card "])
def test_what_has_no_switch_cannot_be_turned(session: Session, aurora: Shop, kind: str) -> None:
    with pytest.raises(UnknownEmailKind):
        switch(session, aurora, kind)


def test_a_tier_reached_asks_for_an_email_only_once_switched_on(
    session: Session, aurora: Shop, alice: Member
) -> None:
    tiers = have_tiers(session, aurora)
    buy(session, aurora, 1, 10_000, TODAY)
    assert asked(session, outbox.TIER_EMAIL_ASKED) == []
    switch(session, aurora, "tier")

    buy(session, aurora, 2, 40_000, TODAY)

    (event,) = asked(session, outbox.TIER_EMAIL_ASKED)
    assert event.member_id == alice.id
    assert event.body == {"tier_id": str(tiers["Gold"].id), "is_up": True}


def test_a_tier_by_hand_is_told_with_its_direction(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora)
    buy(session, aurora, 1, 10_000, TODAY)
    switch(session, aurora, "tier")

    set_tier_by_hand(
        session,
        aurora,
        alice.id,
        mode="lock",
        tier_id=None,
        reason="Asked for it",
        until_on=None,
        actor=DANA,
        now=NOON,
    )

    (event,) = asked(session, outbox.TIER_EMAIL_ASKED)
    assert event.body == {"tier_id": None, "is_up": False}


def test_a_reward_within_reach_asks_for_one_email_however_many_there_are(
    session: Session, aurora: Shop, alice: Member
) -> None:
    switch(session, aurora, "reward_in_reach")
    for name, cost in (("Tea", 10), ("Coffee", 20)):
        given = {"name": name, "kind": "fixed_amount", "cost_points": cost, "amount_minor": 500}
        add_reward(session, aurora, given, actor=DANA, now=NOON)

    earn(session, alice, 50)
    earn(session, alice, 50)

    assert [e.member_id for e in asked(session, outbox.REACH_EMAIL_ASKED)] == [alice.id]


def test_who_brought_a_friend_is_told_and_the_friend_is_not(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_referral_rule(session, aurora)
    turn_on(session, aurora)
    switch(session, aurora, "referral")
    carol = a_friend(session, aurora)
    come(session, aurora, alice, carol)

    friend_buys(session, aurora)
    work(session, aurora)

    (event,) = asked(session, outbox.REFERRAL_EMAIL_ASKED)
    assert (event.member_id, event.body["points"]) == (alice.id, 200)
