"""R55: a birthday's points come with a greeting, unless the member wants no emails."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from jobs import actions
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.earning.saving import add_rule
from loyalty.ledger.posting import lock_balance
from loyalty.members.tables import Member
from loyalty.outbox import BIRTHDAY_EMAIL_ASKED, OutboxEvent
from mailing import addresses
from mailing.addresses import address_hash
from tests.mailing.cast import DANA, Addressee, taken
from tests.mailing.stand_in import Amazon


@pytest.fixture
def birthday(alice: Addressee) -> None:
    """Alice had her birthday yesterday, and birthdays have long been worth 1,250 points."""
    long_ago, yesterday = utc_now() - timedelta(days=90), utc_now() - timedelta(days=1)
    given = {"name": "Birthday", "kind": "birthday", "gives": "fixed", "fixed_points": 1250}
    with shop_transaction(alice.shop_id) as session:
        add_rule(session, alice.shop_id, given, actor=DANA, now=long_ago)
        member = session.get_one(Member, (alice.shop_id, alice.member_id))
        member.joined_at, member.birthday_changed_on = long_ago, long_ago.date()
        member.birthday_on = yesterday.date().replace(year=2000)


def points_of(alice: Addressee) -> int:
    with shop_transaction(alice.shop_id) as session:
        return lock_balance(session, alice.shop_id, alice.member_id).available


def test_greeting_goes_out_once_with_the_points(
    alice: Addressee, amazon: Amazon, before: int, birthday: None
) -> None:
    for _ in range(2):
        actions.run_shop(alice.shop_id, now=utc_now())
    alice.work()

    (email,) = taken(amazon, before)
    assert email["subject"] == "Happy birthday from Aurora"
    for part in (str(email["html"]), str(email["text"])):
        assert "+1,250 points" in part
    assert [(m.kind, m.state) for m in alice.messages()] == [("birthday", "sent")]
    assert points_of(alice) == 1250


def test_who_unsubscribed_gets_the_points_and_no_email(
    alice: Addressee, amazon: Amazon, before: int, birthday: None
) -> None:
    with shop_transaction(alice.shop_id) as session:
        hashed = address_hash(alice.shop_id, "alice@example.com")
        addresses.unsubscribe(session, alice.shop_id, hashed, now=utc_now())

    actions.run_shop(alice.shop_id, now=utc_now())
    alice.work()

    assert taken(amazon, before) == []
    assert [(m.kind, m.state) for m in alice.messages()] == [("birthday", "blocked")]
    assert points_of(alice) == 1250


def test_greeting_whose_answer_was_lost_is_not_sent_again(
    alice: Addressee, amazon: Amazon, birthday: None
) -> None:
    actions.run_shop(alice.shop_id, now=utc_now())
    amazon.post("faults", kind="cut")

    alice.work()
    alice.work_later()

    assert [(m.state, m.doubts) for m in alice.messages()] == [("unknown", 1)]
    with shop_transaction(alice.shop_id) as session:
        kind = OutboxEvent.kind == BIRTHDAY_EMAIL_ASKED
        assert session.scalar(select(func.count()).where(kind)) == 1
