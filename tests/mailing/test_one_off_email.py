"""R77: an email that staff write to one member arrives in their words, once, or says why not."""

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.consent import say
from loyalty.outbox import OutboxEvent
from mailing.one_off import ask_for_one_off
from mailing.tables import EmailMessage
from tests.mailing.cast import DANA, Addressee, taken
from tests.mailing.stand_in import Amazon

TEXT = "Dear {{ first_name | friend }},\nYour <scarf> is here.\nYour tier: {{ tier }}"


def write(alice: Addressee, *, is_answer: bool = True, text: str = TEXT) -> EmailMessage:
    """Twice, as a double click does."""
    for _ in range(2):
        with shop_transaction(alice.shop_id) as session:
            message = ask_for_one_off(
                session,
                alice.shop_id,
                alice.member_id,
                subject="For {{ first_name }}",
                text=text,
                is_answer=is_answer,
                client_key="key-1",
                actor=DANA,
                now=utc_now(),
            )
    return message


def agree(alice: Addressee, state: str = "subscribed") -> None:
    with shop_transaction(alice.shop_id) as session:
        said = {"source": "test", "said_at": utc_now()}
        say(session, alice.shop_id, alice.member_id, "email", state, **said)  # type: ignore[arg-type]


def test_the_member_reads_staffs_own_words_once(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    write(alice)
    alice.work()

    (email,) = taken(amazon, before)
    assert email["subject"] == "For Alice"
    assert "Dear Alice," in str(email["text"]) and "Your <scarf> is here." in str(email["text"])
    assert "&lt;scarf&gt;" in str(email["html"]) and "<scarf>" not in str(email["html"])
    # A line whose field is empty is left out.
    assert "Your tier" not in str(email["text"])
    assert [(m.kind, m.state) for m in alice.messages()] == [("one_off", "sent")]


def test_who_says_no_before_it_goes_is_sent_nothing(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    agree(alice)
    write(alice, is_answer=False)
    agree(alice, "unsubscribed")

    alice.work()

    assert taken(amazon, before) == []
    (message,) = alice.messages()
    assert (message.state, message.reason) == ("blocked", "The member has unsubscribed")


def test_words_that_were_erased_meanwhile_are_not_sent(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    message = write(alice)
    with shop_transaction(alice.shop_id) as session:
        session.get_one(OutboxEvent, (alice.shop_id, message.event_id)).body = {}

    alice.work()

    assert taken(amazon, before) == []
    assert alice.states() == ["blocked"]
