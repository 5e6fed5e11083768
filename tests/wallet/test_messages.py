"""What a member is told, counted once: when platforms, changes and retries cross each other."""

import threading
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.ids import new_id
from tests.wallet.cast import Cardholder
from wallet.hops import Platform
from wallet.messages import (
    PushMessage,
    balance_messages,
    note_created,
    note_failed,
    note_sent,
)


@pytest.fixture(autouse=True)
def _configured(app: Flask) -> None:
    """The wallet's settings."""


def test_older_message_that_comes_late_is_none_any_more(alice: Cardholder) -> None:
    older, newer = said(1), said(2)
    create(alice, newer, "apple")
    sent(alice, newer)

    create(alice, older, "google")
    sent(alice, older)

    assert alice.timeline() == ["push_created", "push_sent"]
    assert messages_of(alice) == [newer]


def test_message_after_one_that_ended_is_its_own(alice: Cardholder) -> None:
    first, second, third = said(1), said(2), said(3)
    create(alice, first)
    sent(alice, first)
    create(alice, second)
    failed(alice, second)

    create(alice, third)

    ends = ["push_created", "push_sent", "push_created", "push_failed", "push_created"]
    assert alice.timeline() == ends
    assert messages_of(alice) == [first, second, third]


def test_same_message_on_the_other_platform_is_created_once(alice: Cardholder) -> None:
    one = said(1)
    create(alice, one, "apple")

    create(alice, one, "google")

    assert alice.timeline() == ["push_created"]


def test_message_that_another_kind_of_words_overtakes_takes_its_place(alice: Cardholder) -> None:
    entry = new_id()
    create(alice, f"balance:{entry}:1,000")

    create(alice, f"balance:{entry}:1.000")

    assert alice.timeline() == ["push_created"]
    assert messages_of(alice) == [f"balance:{entry}:1.000"]


def test_first_entry_takes_the_place_of_what_was_told_before_any(alice: Cardholder) -> None:
    with shop_transaction(alice.shop_id) as session:
        before = balance_messages(session, alice.shop_id, {alice.member_id: "0"})
    create(alice, before[alice.member_id])

    create(alice, said(5))

    assert alice.timeline() == ["push_created"]


def test_open_message_of_another_member_is_left_alone(alice: Cardholder, bob: Cardholder) -> None:
    of_bob = said(1)
    create(bob, of_bob)

    create(alice, said(2))

    assert messages_of(bob) == [of_bob]
    assert alice.timeline() == bob.timeline() == ["push_created"]


def test_platforms_that_create_at_once_make_one_message(alice: Cardholder) -> None:
    older, newer = said(1), said(2)
    with shop_transaction(alice.shop_id) as session:
        key = (alice.member_id, older)
        note_created(session, alice.shop_id, [key], "google", utc_now())
        other = threading.Thread(target=create, args=(alice, newer, "apple"))
        other.start()
        other.join(0.5)
        assert other.is_alive()  # it waits for us
    other.join(10)

    assert messages_of(alice) == [newer]
    assert alice.timeline() == ["push_created"]


def said(points: int) -> str:
    """A message of a balance, newer than those before."""
    return f"balance:{new_id()}:{points}"


def create(holder: Cardholder, message: str, platform: Platform = "apple") -> None:
    with shop_transaction(holder.shop_id) as session:
        note_created(session, holder.shop_id, [(holder.member_id, message)], platform, utc_now())


def sent(holder: Cardholder, message: str) -> None:
    with shop_transaction(holder.shop_id) as session:
        note_sent(session, holder.shop_id, [(holder.member_id, message)], "apple", utc_now())


def failed(holder: Cardholder, message: str) -> None:
    key: tuple[UUID, str] = (holder.member_id, message)
    with shop_transaction(holder.shop_id) as session:
        note_failed(session, holder.shop_id, key, "apple", "no answer", utc_now())


def messages_of(holder: Cardholder) -> list[str]:
    with shop_transaction(holder.shop_id) as session:
        rows = session.scalars(
            select(PushMessage.message)
            .where(PushMessage.member_id == holder.member_id)
            .order_by(PushMessage.message.collate("C"))
        )
        return list(rows)
