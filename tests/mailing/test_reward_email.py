"""A reward's code by email, where the redemption wishes it: once, and only while it is good."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from loyalty.audit import Actor
from loyalty.base.clock import day_in, utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.consent import say
from loyalty.redemption.issuing import issue
from loyalty.redemption.reserving import Wish, reserve
from loyalty.redemption.returning import begin
from loyalty.redemption.tables import Redemption
from loyalty.rewards.saving import add_reward
from loyalty.shops.directory import get_shop
from tests.mailing.cast import DANA, Addressee, taken
from tests.mailing.stand_in import Amazon


def redeem(who: Addressee, *, sends_email: bool = True, **settings: Any) -> UUID:
    """They redeem 5.00 for 100 of their 1,250 points, and hear of it twice."""
    given = {"name": "Five off", "kind": "fixed_amount", "cost_points": 100, "amount_minor": 500}
    who.earn(1250)
    with shop_transaction(who.shop_id) as session:
        shop = get_shop(session, who.shop_id)
        reward = add_reward(session, shop, given | settings, actor=DANA, now=utc_now())
        wish = Wish(reward.id, "online", uuid4(), sends_email=sends_email)
        me = Actor("member", str(who.member_id))
        redemption = reserve(session, shop, who.member_id, wish, actor=me, now=utc_now())
    for _ in range(2):
        with shop_transaction(who.shop_id) as session:
            issue(session, who.shop_id, redemption.id, discount_gid="gid://1", now=utc_now())
    return redemption.id


def test_the_email_holds_the_code_and_its_last_day(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    redemption_id = redeem(alice, validity_days=30)
    alice.work()

    (email,) = taken(amazon, before)
    with shop_transaction(alice.shop_id) as session:
        code = session.get_one(Redemption, (alice.shop_id, redemption_id)).code
    last_day = day_in("Europe/Madrid", utc_now()) + timedelta(days=30)
    assert email["subject"] == "Your code for Five off"
    for part in (str(email["html"]), str(email["text"])):
        assert str(code) in part
        assert f"{last_day:%B} {last_day.day}, {last_day.year}" in part
        assert "1,150 points left" in part
    assert [(m.kind, m.state) for m in alice.messages()] == [("reward", "sent")]


def test_who_has_unsubscribed_is_sent_the_code_that_they_paid_for(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    with shop_transaction(alice.shop_id) as session:
        said = (session, alice.shop_id, alice.member_id, "email", "unsubscribed")
        say(*said, source="test", said_at=utc_now())

    redeem(alice)
    alice.work()

    (email,) = taken(amazon, before)
    assert email["subject"] == "Your code for Five off"


def test_store_credit_is_told_without_a_code(alice: Addressee, amazon: Amazon, before: int) -> None:
    redeem(alice, kind="store_credit")
    alice.work()

    (email,) = taken(amazon, before)
    for part in (str(email["html"]), str(email["text"])):
        assert "store credit" in part and "ENC-" not in part


def test_nothing_is_sent_unless_it_is_wished(alice: Addressee, amazon: Amazon, before: int) -> None:
    redeem(alice, sends_email=False)
    alice.work()

    assert taken(amazon, before) == []


@pytest.mark.parametrize("state", ["returning", "used"])
def test_a_code_that_is_good_no_more_is_not_sent(
    alice: Addressee, amazon: Amazon, before: int, state: str
) -> None:
    redemption_id = redeem(alice)
    with shop_transaction(alice.shop_id) as session:
        if state == "returning":
            begin(session, alice.shop_id, redemption_id, reason="void", actor=DANA, now=utc_now())
        else:
            session.get_one(Redemption, (alice.shop_id, redemption_id)).state = "used"

    alice.work()

    assert taken(amazon, before) == []
    (message,) = alice.messages()
    assert (message.state, message.reason) == ("blocked", "What it would tell of is over")
