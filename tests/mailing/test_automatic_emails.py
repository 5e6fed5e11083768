"""What a shop sends by itself: told as it stands when the email goes, and never what is over."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from loyalty import automatic_emails, outbox
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import UnknownEmailKind
from loyalty.base.ids import new_id
from loyalty.ledger.posting import Cause, debit, lock_balance
from loyalty.programme.rules import get_programme
from loyalty.rewards.saving import add_reward
from loyalty.rewards.tables import Reward
from loyalty.shops.directory import get_shop
from loyalty.tiers.by_hand import set_tier_by_hand
from loyalty.tiers.tables import Tier
from mailing import addresses
from mailing.addresses import address_hash
from mailing.reach import count_reach
from shopify_app.platform.tables import PrivacyRequest
from tests.mailing.cast import DANA, Addressee, enrol, taken
from tests.mailing.stand_in import Amazon


def switch(who: Addressee, kind: str, is_on: bool = True) -> None:
    with shop_transaction(who.shop_id) as session:
        automatic_emails.switch(session, who.shop_id, kind, is_on, actor=DANA, now=utc_now())


def have_tiers(who: Addressee) -> dict[str, UUID]:
    with shop_transaction(who.shop_id) as session:
        get_programme(session, who.shop_id).tiers_on = True
        tiers = {
            name: Tier(
                shop_id=who.shop_id,
                id=new_id(),
                name=name,
                threshold=threshold,
                multiplier=Decimal(1),
                created_at=utc_now(),
            )
            for name, threshold in (("Silver", 10_000), ("Gold", 50_000))
        }
        session.add_all(tiers.values())
        return {name: tier.id for name, tier in tiers.items()}


def put_in(who: Addressee, tier_id: UUID | None) -> None:
    with shop_transaction(who.shop_id) as session:
        set_tier_by_hand(
            session,
            get_shop(session, who.shop_id),
            who.member_id,
            mode="lock",
            tier_id=tier_id,
            reason="Asked for it",
            until_on=None,
            actor=DANA,
            now=utc_now(),
        )


def stage(who: Addressee, kind: str, body: dict[str, Any]) -> None:
    with shop_transaction(who.shop_id) as session:
        outbox.stage(session, who.shop_id, kind, member_id=who.member_id, body=body, now=utc_now())


def offer(who: Addressee, cost: int = 1000) -> None:
    given = {"name": "Five off", "kind": "fixed_amount", "cost_points": cost, "amount_minor": 500}
    with shop_transaction(who.shop_id) as session:
        add_reward(session, get_shop(session, who.shop_id), given, actor=DANA, now=utc_now())


def subjects(amazon: Amazon, before: int) -> list[object]:
    return [email["subject"] for email in taken(amazon, before)]


def test_a_tier_reached_is_told_once(alice: Addressee, amazon: Amazon, before: int) -> None:
    tiers = have_tiers(alice)
    switch(alice, "tier")

    put_in(alice, tiers["Gold"])
    for _ in range(2):
        alice.work()

    assert subjects(amazon, before) == ["Congratulations: Gold at Aurora"]
    assert [(m.kind, m.state) for m in alice.messages()] == [("tier", "sent")]


def test_of_two_moves_before_the_email_goes_the_last_is_told(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    tiers = have_tiers(alice)
    switch(alice, "tier")

    put_in(alice, tiers["Gold"])
    put_in(alice, tiers["Silver"])
    alice.work()

    (email,) = taken(amazon, before)
    assert email["subject"] == "Your standing at Aurora has changed"
    assert "You are in Silver now." in str(email["text"])
    assert sorted(alice.states()) == ["blocked", "sent"]


def test_who_falls_out_of_all_tiers_is_told_without_one(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    tiers = have_tiers(alice)
    put_in(alice, tiers["Gold"])
    switch(alice, "tier")

    put_in(alice, None)
    alice.work()

    (email,) = taken(amazon, before)
    assert "You are in" not in str(email["text"])
    assert "next tier" in str(email["text"])


def test_a_reward_within_reach_is_told_with_its_cost(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    offer(alice)
    switch(alice, "reward_in_reach")

    alice.earn(1250)
    alice.work()

    (email,) = taken(amazon, before)
    assert email["subject"] == "You can have it now: Five off"
    for part in (str(email["html"]), str(email["text"])):
        assert "It costs 1,000 points, and you have 1,250 points." in part


def test_a_reward_that_is_out_of_reach_again_is_not_told(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    offer(alice)
    switch(alice, "reward_in_reach")
    alice.earn(1250)
    with shop_transaction(alice.shop_id) as session:
        balance = lock_balance(session, alice.shop_id, alice.member_id)
        cause = Cause("deduct", "spent", "test", "2", "system:test", utc_now())
        debit(session, balance, cause, points=1000, now=utc_now())

    alice.work()

    assert taken(amazon, before) == []
    assert alice.states() == ["blocked"]


def test_a_reward_that_is_gone_is_not_told(alice: Addressee, amazon: Amazon, before: int) -> None:
    offer(alice)
    switch(alice, "reward_in_reach")
    alice.earn(1250)
    with shop_transaction(alice.shop_id) as session:
        session.query(Reward).one().is_active = False

    alice.work()

    assert taken(amazon, before) == []


def test_what_was_switched_off_meanwhile_is_not_sent(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    offer(alice)
    switch(alice, "reward_in_reach")
    alice.earn(1250)

    switch(alice, "reward_in_reach", False)
    alice.work()

    assert taken(amazon, before) == []
    (message,) = alice.messages()
    assert (message.state, message.reason) == ("blocked", "The shop sends no such emails any more")


def test_while_a_kind_is_off_nobody_hears_of_it_and_the_timeline_tells_of_no_email(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    offer(alice)

    alice.earn(1250)
    alice.work()
    switch(alice, "reward_in_reach")
    alice.work()

    assert taken(amazon, before) == []
    assert alice.timeline() == []


def test_points_for_many_are_told_to_each(alice: Addressee, amazon: Amazon, before: int) -> None:
    alice.earn(250)

    stage(alice, outbox.GRANT_EMAIL_ASKED, {"points": 250})
    alice.work()

    (email,) = taken(amazon, before)
    assert email["subject"] == "A present from Aurora: 250 points"
    assert [(m.kind, m.state) for m in alice.messages()] == [("granted", "sent")]


def test_what_staff_write_goes_out_in_their_words(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    body = {"subject": "For {{ first_name }}", "text": "<b>Thanks</b>, {{ first_name }}."}

    stage(alice, outbox.ONE_OFF_EMAIL_ASKED, body | {"is_asked_for": True})
    alice.work()

    (email,) = taken(amazon, before)
    assert email["subject"] == "For Alice"
    assert "<b>Thanks</b>, Alice." in str(email["text"])
    assert "<b>Thanks" not in str(email["html"])


@pytest.mark.parametrize("body", [{}, {"subject": "x"}, {"is_asked_for": True}])
def test_an_event_that_was_emptied_sends_nothing(
    alice: Addressee, amazon: Amazon, before: int, body: dict[str, Any]
) -> None:
    for kind in (outbox.ONE_OFF_EMAIL_ASKED, outbox.GRANT_EMAIL_ASKED, outbox.DATA_EMAIL_ASKED):
        stage(alice, kind, body)
    alice.work()

    assert taken(amazon, before) == []
    assert set(alice.states()) == {"blocked"}


def test_words_that_can_be_no_email_fail_alone(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    wrong = {"subject": "{{ nothing }}", "text": "x", "is_asked_for": True}
    stage(alice, outbox.ONE_OFF_EMAIL_ASKED, wrong)
    stage(alice, outbox.ONE_OFF_EMAIL_ASKED, wrong | {"subject": "Right"})
    alice.work()

    assert subjects(amazon, before) == ["Right"]
    assert alice.states() == ["failed", "sent"]
    assert "no field" in str(alice.messages()[0].reason)


def test_who_asked_for_their_data_hears_when_it_was_gathered(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    now = utc_now()
    request = PrivacyRequest(
        shop_id=alice.shop_id,
        id=new_id(),
        subject="customers/data_request",
        member_id=alice.member_id,
        body={},
        state="done",
        received_at=now,
        due_at=now,
        done_at=now,
        next_at=now,
    )
    with shop_transaction(alice.shop_id) as session:
        session.add(request)

    stage(alice, outbox.DATA_EMAIL_ASKED, {"request_id": str(request.id), "is_asked_for": True})
    alice.work()

    assert subjects(amazon, before) == ["What Aurora holds of you"]


def test_whom_an_email_would_reach_is_counted_with_the_reasons(
    alice: Addressee, bob: Addressee
) -> None:
    have_tiers(alice)
    for number, email in ((502, None), (503, "carol@example.com"), (504, "dan@example.com")):
        enrol(alice.shop_id, f"Member {number}", customer_id=number, email=email)
    with shop_transaction(alice.shop_id) as session:
        hashed = address_hash(alice.shop_id, "carol@example.com")
        addresses.lock_address(session, alice.shop_id, hashed).unsubscribed_at = utc_now()
        hashed = address_hash(alice.shop_id, "dan@example.com")
        dans = addresses.lock_address(session, alice.shop_id, hashed)
        dans.hard_bounced_at, dans.hard_bounce_reason = utc_now(), "no such mailbox"

    with shop_transaction(alice.shop_id) as session:
        reach = count_reach(session, get_shop(session, alice.shop_id), "tier", now=utc_now())

    assert (reach.members, reach.reached) == (4, 1)
    assert reach.reasons == {"no_address": 1, "unsubscribed": 1, "hard_bounce": 1}


@pytest.mark.parametrize(
    "kind", [kind for kind in automatic_emails.KINDS if kind != "data_request"]
)
def test_what_cannot_happen_in_the_shop_reaches_nobody(alice: Addressee, kind: str) -> None:
    with shop_transaction(alice.shop_id) as session:
        reach = count_reach(session, get_shop(session, alice.shop_id), kind, now=utc_now())

    assert (reach.members, reach.reached, reach.reasons) == (0, 0, {})


def test_a_kind_without_a_switch_reaches_nobody(alice: Addressee) -> None:
    with shop_transaction(alice.shop_id) as session, pytest.raises(UnknownEmailKind):
        count_reach(session, get_shop(session, alice.shop_id), "campaign", now=utc_now())
