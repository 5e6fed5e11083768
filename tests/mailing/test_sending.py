"""R8, R70: an email goes out once; a doubt is settled once; what failed for good says why."""

from dataclasses import replace

import pytest

from jobs.dead_letters import replay
from jobs.relay import relay
from jobs.subscribers import SUBSCRIBERS
from loyalty.audit import SYSTEM, AuditRow
from loyalty.base import faults
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.programme.rules import get_programme
from mailing import setup, subscriber
from mailing.errors import EmailRefused
from mailing.tables import EmailMessage
from tests.mailing.cast import Addressee, enrol, install_shop, taken
from tests.mailing.stand_in import SENDER, Amazon


def mailbox(amazon: Amazon, address: str) -> list[dict[str, object]]:
    """The emails to one address."""
    return [email for email in amazon.emails() if email["to"] == [address]]


def test_the_card_goes_out_with_both_buttons_and_the_way_to_unsubscribe(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    alice.earn(1250)
    message = alice.ask()

    alice.work()

    (email,) = taken(amazon, before)
    assert email["to"] == ["alice@example.com"]
    assert email["sender"] == f"Aurora <{SENDER}>"
    assert email["reply_to"] == ["hello@aurora.example"]
    assert email["subject"] == "Here is your loyalty card of Aurora"
    for part in (str(email["html"]), str(email["text"])):
        for words in ("1,250", "Add to Apple Wallet", "Add to Google Wallet", "Open my card"):
            assert words in part
        assert f"{alice.member_id.hex}/apple.pkpass" in part
        assert f"{alice.member_id.hex}/google" in part
    headers = {h["Name"]: h["Value"] for h in email["headers"]}  # type: ignore[index, attr-defined]
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"].startswith("<http")
    assert email["configuration_set"] == "encore"
    assert email["tags"] == {
        "encore-shop": str(alice.shop_id),
        "encore-message": str(message.id),
    }
    assert alice.states() == ["sent"]
    assert alice.messages()[0].ses_message_id == email["id"]
    assert alice.timeline() == ["email_asked", "email_sent"]
    assert alice.deliveries() == ["done"]


def test_an_event_told_twice_makes_one_email(alice: Addressee, amazon: Amazon, before: int) -> None:
    alice.stage()
    alice.work()

    subscriber.send_emails(alice.shop_id, alice.member_id)
    alice.work_later()

    assert len(taken(amazon, before)) == 1
    assert alice.states() == ["sent"]


def test_whoever_joins_by_a_live_arrival_is_sent_the_card(amazon: Amazon, database: None) -> None:
    shop_id = install_shop("aurora")
    alice = enrol(
        shop_id, "Alice", customer_id=501, email="alice.new@example.com", is_backfill=False
    )

    alice.work()

    assert len(mailbox(amazon, "alice.new@example.com")) == 1
    assert alice.timeline() == ["email_sent"]


def test_whoever_comes_with_the_history_is_sent_nothing(alice: Addressee) -> None:
    alice.work()

    assert (alice.states(), alice.deliveries()) == ([], [])


def test_a_shop_can_switch_the_card_email_off(amazon: Amazon, database: None) -> None:
    shop_id = install_shop("aurora")
    with shop_transaction(shop_id) as session:
        get_programme(session, shop_id).sends_card_email = False

    alice = enrol(shop_id, "Alice", customer_id=501, email="a@example.com", is_backfill=False)
    alice.work()

    assert alice.states() == []


def test_without_a_sender_nothing_is_sent_then_or_later(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    settings = setup.current()
    setup.configure(replace(settings, sender=""))
    alice.stage()
    alice.work()
    with pytest.raises(EmailRefused, match="sends no emails"):
        alice.ask()

    setup.configure(settings)
    alice.work_later()

    assert taken(amazon, before) == []
    assert alice.states() == []


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 429, "code": "TooManyRequestsException"},
        {"kind": "status", "status": 400, "code": "ThrottlingException"},
        {"kind": "status", "status": 400, "code": "LimitExceededException"},
        {"kind": "status", "status": 500, "code": "InternalFailure"},
        {"kind": "status", "status": 503, "code": "ServiceUnavailable"},
    ],
)
def test_what_ses_did_not_take_is_sent_later(
    alice: Addressee, amazon: Amazon, before: int, fault: dict[str, object]
) -> None:
    amazon.post("faults", **fault, times=2)
    alice.ask()

    alice.work()
    assert (alice.states(), alice.deliveries()) == (["queued"], ["pending"])
    alice.work_later()
    alice.work_later()

    assert len(taken(amazon, before)) == 1
    assert (alice.states(), alice.deliveries()) == (["sent"], ["done"])
    assert alice.timeline() == ["email_asked", "email_sent"]


def test_a_server_that_is_gone_delays_the_email(alice: Addressee, amazon: Amazon) -> None:
    settings = setup.current()
    setup.configure(replace(settings, ses_url="http://127.0.0.1:9"))
    alice.ask()
    alice.work()
    assert (alice.states(), alice.deliveries()) == (["queued"], ["pending"])

    setup.configure(settings)
    alice.work_later()

    assert alice.states() == ["sent"]


def test_a_certificate_that_is_wrong_delays_the_email(
    alice: Addressee, amazon: Amazon, tls_server: str
) -> None:
    setup.configure(replace(setup.current(), ses_url=tls_server))
    alice.ask()

    alice.work()

    assert (alice.states(), alice.messages()[0].doubts) == (["queued"], 0)


def test_a_lost_answer_is_a_doubt_and_the_card_is_sent_once_more(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    amazon.post("faults", kind="cut")
    alice.ask()

    alice.work()
    assert (alice.states(), alice.deliveries()) == (["unknown"], ["pending"])
    alice.work_later()

    assert len(taken(amazon, before)) == 2
    assert (alice.states(), alice.deliveries()) == (["sent"], ["done"])


def test_two_lost_answers_end_it_and_the_timeline_says_so(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    amazon.post("faults", kind="cut", times=5)
    alice.ask()
    alice.work()
    alice.work_later()

    alice.work_later()

    assert len(taken(amazon, before)) == 2
    assert (alice.states(), alice.deliveries()) == (["unknown"], ["done"])
    assert alice.timeline() == ["email_asked", "email_failed"]
    assert "may have arrived" in alice.events()[-1].details["reason"]


def test_a_gateways_error_is_a_doubt_for_it_may_have_passed_it_on(
    alice: Addressee, amazon: Amazon
) -> None:
    amazon.post("faults", kind="status", status=502, code=None)
    alice.ask()

    alice.work()

    assert (alice.states(), alice.messages()[0].doubts) == (["unknown"], 1)


def leave_sending(alice: Addressee, kind: str = "card") -> None:
    """Let the process that was sending die: what it has committed is all there is."""
    alice.ask()
    with shop_transaction(alice.shop_id) as session:
        message = session.query(EmailMessage).one()
        message.state, message.kind = "sending", kind


def test_a_crash_while_sending_is_a_doubt(alice: Addressee, amazon: Amazon, before: int) -> None:
    leave_sending(alice)

    alice.work()

    assert len(taken(amazon, before)) == 1
    assert (alice.states(), alice.messages()[0].doubts) == (["sent"], 1)


def test_marketing_in_doubt_is_never_sent_again(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    leave_sending(alice, kind="campaign")

    alice.work()

    assert taken(amazon, before) == []
    assert (alice.states(), alice.deliveries()) == (["unknown"], ["done"])


def test_being_sent_is_committed_before_ses_is_called(
    alice: Addressee, amazon: Amazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(
        faults, "point", lambda name, **_: seen.append(f"{name}: {alice.states()[0]}")
    )
    alice.ask()

    alice.work()

    assert "email_before_send: sending" in seen
    assert "email_after_send: sending" in seen


def test_a_refusal_for_good_is_shown_and_can_be_tried_again(
    alice: Addressee, amazon: Amazon
) -> None:
    settings = setup.current()
    setup.configure(replace(settings, sender="stranger@elsewhere.example"))
    alice.ask()
    alice.work()
    assert (alice.states(), alice.deliveries()) == (["failed"], ["dead"])
    assert alice.events()[-1].details["reason"] == "SES refused the email (MessageRejected)"

    setup.configure(settings)
    replay(alice.shop_id, actor=SYSTEM, now=utc_now())
    alice.work()

    assert (alice.states(), alice.deliveries()) == (["sent"], ["done"])


def test_one_email_that_failed_for_good_is_left_alone_while_another_is_tried_again(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    amazon.post("faults", kind="status", status=400, code="MessageRejected", times=1)
    amazon.post("faults", kind="status", status=429, code="TooManyRequestsException", times=2)
    alice.ask("key-1")
    alice.ask("key-2")

    alice.work()
    assert (alice.states(), alice.deliveries()) == (["failed", "queued"], ["dead", "pending"])
    alice.work_later()
    assert (alice.states(), alice.deliveries()) == (["failed", "queued"], ["dead", "pending"])
    alice.work_later()

    assert (alice.states(), alice.deliveries()) == (["failed", "sent"], ["dead", "done"])
    assert len(taken(amazon, before)) == 1
    assert alice.timeline().count("email_failed") == 1

    replay(alice.shop_id, actor=SYSTEM, now=utc_now())
    alice.work()

    assert (alice.states(), alice.deliveries()) == (["sent", "sent"], ["done", "done"])
    assert len(taken(amazon, before)) == 2


def test_an_email_that_was_sent_is_not_dead_with_one_that_failed(
    alice: Addressee, amazon: Amazon
) -> None:
    amazon.post("faults", kind="status", status=400, code="MessageRejected", times=1)
    alice.ask("key-1")
    alice.ask("key-2")

    alice.work()

    assert (alice.states(), alice.deliveries()) == (["failed", "sent"], ["dead", "done"])


def test_who_dies_after_giving_up_does_not_send_it_again(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    alice.ask()
    relay(alice.shop_id)
    subscriber.give_up(alice.shop_id, alice.member_id, "SES cannot be reached")

    alice.work_later()

    assert (alice.states(), alice.deliveries()) == (["failed"], ["dead"])
    assert taken(amazon, before) == []
    assert alice.timeline() == ["email_asked", "email_failed"]


def test_when_no_try_is_left_it_has_failed_once(alice: Addressee) -> None:
    alice.ask()
    with_relay = next(s for s in SUBSCRIBERS if s.name == "mail")
    setup.configure(replace(setup.current(), ses_url="http://127.0.0.1:9"))
    alice.work()

    for _ in range(2):
        assert with_relay.give_up is not None
        with_relay.give_up(alice.shop_id, alice.member_id, "SES cannot be reached")

    assert alice.states() == ["failed"]
    assert alice.timeline() == ["email_asked", "email_failed"]


def test_a_double_click_sends_one_email_and_is_audited_once(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    first, second = alice.ask("key-1"), alice.ask("key-1")

    alice.work()

    assert first.id == second.id
    assert len(taken(amazon, before)) == 1
    with shop_transaction(alice.shop_id) as session:
        rows = session.query(AuditRow).filter_by(action="card_email_asked").all()
    assert [(row.actor_id, row.subject_id) for row in rows] == [("42", str(alice.member_id))]


@pytest.mark.parametrize("client_key", ["", "x" * 101, "a\0b", "ключ"])
def test_a_key_that_is_none_is_refused(alice: Addressee, client_key: str) -> None:
    with pytest.raises(EmailRefused):
        alice.ask(client_key)

    assert alice.states() == []


def test_a_key_of_another_member_is_refused(alice: Addressee) -> None:
    carol = enrol(alice.shop_id, "Carol", customer_id=502, email="carol@example.com")
    alice.ask("key-1")

    with pytest.raises(EmailRefused):
        carol.ask("key-1")

    assert carol.states() == []


def test_a_shops_name_in_another_script_reaches_the_sender_line(
    amazon: Amazon, database: None, before: int
) -> None:
    shop_id = install_shop("aurora", name="Чайная «Аврора» — лучший чай на всём белом свете")
    alice = enrol(shop_id, "Alice", customer_id=501, email="alice@example.com")
    alice.ask()

    alice.work()

    (email,) = taken(amazon, before)
    assert str(email["sender"]).isascii()
    assert str(email["sender"]).endswith(f" <{SENDER}>")
    assert alice.states() == ["sent"]
