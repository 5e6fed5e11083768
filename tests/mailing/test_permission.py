"""R110-R119: who may be sent which email, and the reason for everybody who may not."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.consent import say
from loyalty.members.tables import Member
from mailing.addresses import address_hash, lock_address
from mailing.permission import list_wanted, why_blocked, why_not
from mailing.signs import Signs, list_signs
from mailing.topics import choose
from tests.mailing.cast import Addressee, enrol

NOW = utc_now()
HOUR = timedelta(hours=1)


def say_of(alice: Addressee, state: Any, *, at: datetime = NOW) -> None:
    with shop_transaction(alice.shop_id) as session:
        say(session, alice.shop_id, alice.member_id, "email", state, source="test", said_at=at)


def choose_for(alice: Addressee, *topics: str, at: datetime = NOW) -> None:
    with shop_transaction(alice.shop_id) as session:
        choose(session, alice.shop_id, alice.member_id, topics, now=at)


def remember(alice: Addressee, **values: Any) -> None:
    """Let something be known of Alice's address."""
    with shop_transaction(alice.shop_id) as session:
        hashed = address_hash(alice.shop_id, "alice@example.com")
        row = lock_address(session, alice.shop_id, hashed)
        for name, value in values.items():
            setattr(row, name, value)


def reason(alice: Addressee, kind: str = "campaign", **more: Any) -> str | None:
    with shop_transaction(alice.shop_id) as session:
        found = why_not(session, alice.shop_id, [alice.member_id], kind=kind, **more)
    return found.get(alice.member_id)


@pytest.mark.parametrize("kind", ["campaign", "one_off"])
@pytest.mark.parametrize(
    ("said", "expected"),
    [(None, "no_consent"), ("asked", "no_consent"), ("unsubscribed", "unsubscribed")],
)
def test_marketing_needs_a_yes(alice: Addressee, kind: str, said: Any, expected: str) -> None:
    if said:
        say_of(alice, said)

    assert reason(alice, kind) == expected
    say_of(alice, "subscribed", at=NOW + HOUR)
    assert reason(alice, kind) is None


@pytest.mark.parametrize("kind", ["expiry_warning", "birthday", "reward_in_reach", "card", "tier"])
def test_what_comes_by_itself_needs_no_yes_and_stops_at_a_no(alice: Addressee, kind: str) -> None:
    assert reason(alice, kind) is None

    say_of(alice, "unsubscribed")

    assert reason(alice, kind) == "unsubscribed"
    assert reason(alice, kind, is_asked_for=True) is None


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"hard_bounced_at": NOW, "hard_bounce_reason": "550"}, "hard_bounce"),
        ({"complained_at": NOW, "unsubscribed_at": NOW}, "complained"),
    ],
)
@pytest.mark.parametrize("is_asked_for", [True, False])
def test_a_bounce_and_a_complaint_stop_every_email(
    alice: Addressee, known: dict[str, Any], expected: str, is_asked_for: bool
) -> None:
    say_of(alice, "subscribed", at=NOW + HOUR)
    remember(alice, **known)

    assert reason(alice, is_asked_for=is_asked_for) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"state": "archived"}, "not_active"),
        ({"state": "erased", "email": None, "email_norm": ""}, "not_active"),
        ({"email": None, "email_norm": ""}, "no_address"),
        ({"email": "alice@localhost", "email_norm": "alice@localhost"}, "no_address"),
    ],
)
def test_who_cannot_be_written_to_is_not(
    alice: Addressee, values: dict[str, Any], expected: str
) -> None:
    say_of(alice, "subscribed")
    alice.change(**values)

    assert reason(alice) == expected


@pytest.mark.parametrize(("after", "expected"), [(HOUR, None), (-HOUR, "unsubscribed")])
def test_an_unsubscribed_address_is_lifted_by_a_later_yes_alone(
    alice: Addressee, after: timedelta, expected: str | None
) -> None:
    remember(alice, unsubscribed_at=NOW)

    say_of(alice, "subscribed", at=NOW + after)

    assert reason(alice) == expected
    assert reason(alice, "birthday") == expected


def test_a_new_address_begins_afresh(alice: Addressee) -> None:
    remember(alice, unsubscribed_at=NOW)

    alice.change(email="new@example.com", email_norm="new@example.com")

    assert reason(alice, "birthday") is None


def test_a_topic_that_the_member_does_not_want_stays_away(alice: Addressee) -> None:
    choose_for(alice, "points", "rewards")

    assert reason(alice, "birthday") == "preference_off"
    assert reason(alice, "expiry_warning") is None
    say_of(alice, "subscribed")
    assert reason(alice, topic="birthday") == "preference_off"
    assert reason(alice, topic="offers") is None


@pytest.mark.parametrize(
    ("chosen_at", "expected"), [(NOW, None), (NOW + HOUR, None), (NOW - HOUR, "unsubscribed")]
)
def test_only_these_topics_lift_an_earlier_no_for_themselves(
    alice: Addressee, chosen_at: datetime, expected: str | None
) -> None:
    say_of(alice, "unsubscribed")

    choose_for(alice, "birthday", at=chosen_at)

    assert reason(alice, "birthday") == expected
    assert reason(alice, "expiry_warning") == "unsubscribed"
    assert reason(alice, topic="birthday") == "unsubscribed"


def test_topics_that_come_are_listed(alice: Addressee) -> None:
    def wanted() -> frozenset[str]:
        with shop_transaction(alice.shop_id) as session:
            return list_wanted(session, alice.shop_id, alice.member_id)

    assert wanted() == {"points", "birthday", "rewards"}
    say_of(alice, "subscribed")
    assert wanted() == {"offers", "points", "birthday", "rewards"}
    say_of(alice, "unsubscribed", at=NOW + HOUR)
    assert wanted() == frozenset()


def test_many_are_asked_for_in_as_few_queries_as_one(alice: Addressee) -> None:
    others = [
        enrol(alice.shop_id, "Carol", customer_id=9000 + n, email=f"carol{n}@example.com")
        for n in range(5)
    ]
    say_of(others[0], "subscribed")
    ids = [alice.member_id, *(each.member_id for each in others), UUID(int=7)]

    found, count = _counted(alice.shop_id, ids)
    _, for_one = _counted(alice.shop_id, ids[:1])

    assert others[0].member_id not in found
    assert found[UUID(int=7)] == "not_active"
    assert sorted(found.values()) == ["no_consent"] * 5 + ["not_active"]
    assert count == for_one


def test_another_shops_member_is_nobody(alice: Addressee, bob: Addressee) -> None:
    with shop_transaction(alice.shop_id) as session:
        found = why_not(session, alice.shop_id, [bob.member_id], kind="card")

    assert found == {bob.member_id: "not_active"}


def test_the_reason_is_told_in_words(alice: Addressee) -> None:
    remember(alice, hard_bounced_at=NOW, hard_bounce_reason="550 5.1.1")

    with shop_transaction(alice.shop_id) as session:
        member = session.get_one(Member, (alice.shop_id, alice.member_id))
        words = why_blocked(session, member, is_asked_for=True)

    assert words == "Emails to this address bounce: 550 5.1.1"


def _counted(shop_id: int, ids: list[UUID]) -> tuple[dict[UUID, str], int]:
    asked: list[str] = []
    engine = db.engine()

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        with shop_transaction(shop_id) as session:
            found = why_not(session, shop_id, ids, kind="campaign")
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return found, len(asked)


def test_a_list_shows_the_word_and_the_worst_of_the_address(alice: Addressee) -> None:
    carol = enrol(alice.shop_id, "Carol", customer_id=9001, email=None)
    assert signs(alice) == Signs(None, None)

    say_of(alice, "subscribed")
    remember(alice, soft_bounces=1)
    assert signs(alice) == Signs("subscribed", "soft")
    remember(alice, hard_bounced_at=NOW, unsubscribed_at=NOW + HOUR)

    assert signs(alice) == Signs("unsubscribed", "hard")
    assert signs(carol) == Signs(None, None)


def signs(alice: Addressee) -> Signs:
    with shop_transaction(alice.shop_id) as session:
        return list_signs(session, alice.shop_id, [alice.member_id])[alice.member_id]
