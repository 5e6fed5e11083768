"""R145-R147: codes that are asked for on the card, and the notice before a deletion, by email."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.ids import new_id
from loyalty.outbox import OutboxEvent
from loyalty.proofs import challenges
from loyalty.proofs.challenges import GOOD_FOR, Purpose
from loyalty.proofs.tables import EmailChallenge
from mailing import setup
from mailing.addresses import address_hash, unsubscribe
from shopify_app.platform.own_erasures import ask_to_be_erased, take_back
from tests.mailing.cast import DANA, Addressee, taken
from tests.mailing.stand_in import Amazon


def ask(alice: Addressee, purpose: Purpose, **said: Any) -> UUID:
    """Alice presses a button on her card; the challenge's id."""
    with shop_transaction(alice.shop_id) as session:
        asked = challenges.ask(
            session,
            alice.shop_id,
            alice.member_id,
            purpose,
            body={},
            said=said,
            actor=DANA,
            now=utc_now(),
        )
    return asked.id


def verdict(alice: Addressee, challenge_id: UUID, code: str) -> str:
    """What typing it says."""
    with shop_transaction(alice.shop_id) as session:
        challenge = session.get_one(EmailChallenge, (alice.shop_id, challenge_id))
        key = setup.current().key
        return challenges.try_code(session, challenge, code, key=key, now=utc_now())


def code_in(email: dict[str, object]) -> str:
    """The six digits that stand alone on a line of the text."""
    (code,) = (line for line in str(email["text"]).split("\n") if line.isdigit())
    return code


def let_pass(alice: Addressee, time: timedelta) -> None:
    with shop_transaction(alice.shop_id) as session:
        session.execute(update(EmailChallenge).values(asked_at=EmailChallenge.asked_at - time))


def test_email_brings_the_code_that_is_right(alice: Addressee, amazon: Amazon, before: int) -> None:
    challenge_id = ask(alice, "data")
    alice.work()

    (email,) = taken(amazon, before)
    assert email["to"] == ["alice@example.com"]
    assert email["subject"] == "Your code to see your data"
    code = code_in(email)
    assert len(code) == 6 and code in str(email["html"])
    assert verdict(alice, challenge_id, code) == "right"


def test_code_stands_in_no_row(alice: Addressee, amazon: Amazon, before: int) -> None:
    ask(alice, "erase")
    alice.work()

    code = code_in(taken(amazon, before)[0])

    with shop_transaction(alice.shop_id) as session:
        bodies = [event.body for event in session.scalars(select(OutboxEvent))]
    assert code not in str(bodies)
    assert code not in str([event.details for event in alice.events()])


def test_code_to_redeem_names_the_reward(alice: Addressee, amazon: Amazon, before: int) -> None:
    ask(alice, "redeem", reward="Free coffee")
    alice.work()

    (email,) = taken(amazon, before)
    assert email["subject"] == "Your code to redeem Free coffee"
    assert "within 15 minutes it redeems Free coffee" in str(email["text"])


def test_code_that_comes_too_late_is_not_sent(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    ask(alice, "data")
    let_pass(alice, GOOD_FOR)
    alice.work()

    assert taken(amazon, before) == []
    assert alice.states() == ["blocked"]


def test_who_unsubscribed_gets_the_code_they_asked_for(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    with shop_transaction(alice.shop_id) as session:
        hashed = address_hash(alice.shop_id, "alice@example.com")
        unsubscribe(session, alice.shop_id, hashed, now=utc_now())
    ask(alice, "data")
    alice.work()

    assert len(taken(amazon, before)) == 1


def test_notice_says_the_day_and_how_to_stay(alice: Addressee, amazon: Amazon, before: int) -> None:
    alice.earn(1250)
    with shop_transaction(alice.shop_id) as session:
        ids = alice.shop_id, alice.member_id
        ask_to_be_erased(session, *ids, key=new_id(), actor=DANA, now=utc_now())
    alice.work()

    (email,) = taken(amazon, before)
    assert str(email["subject"]).startswith("Your data of Aurora Rewards will be deleted on ")
    assert "1,250 points are gone with it" in str(email["text"])
    assert "you can change your mind" in str(email["text"])


def test_notice_of_what_was_taken_back_is_not_sent(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    with shop_transaction(alice.shop_id) as session:
        ids = alice.shop_id, alice.member_id
        ask_to_be_erased(session, *ids, key=new_id(), actor=DANA, now=utc_now())
        take_back(session, *ids, actor=DANA, now=utc_now())
    alice.work()

    assert taken(amazon, before) == []
