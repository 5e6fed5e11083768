"""R113–R118: what SES reports counts once, and blocks what it must and nothing else."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from jobs.purge import purge
from loyalty.base import faults
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from mailing import addresses
from mailing.errors import EmailRefused
from mailing.signs import Signs, list_signs
from mailing.tables import EmailAddress, EmailFeedback
from tests.mailing.cast import Addressee, enrol, event_of
from tests.mailing.stand_in import Amazon


def signs_of(alice: Addressee) -> Signs:
    """What the members list says of her emails."""
    with shop_transaction(alice.shop_id) as session:
        return list_signs(session, alice.shop_id, [alice.member_id])[alice.member_id]


def bounce(amazon: Amazon, message_id: str, kind: str = "Permanent", **more: object) -> list[int]:
    """Let an email bounce; what we answered."""
    statuses: list[int] = amazon.post("bounce", message_id=message_id, type=kind, **more)[
        "statuses"
    ]
    return statuses


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("shape", ["event", "notification"])
def test_a_hard_bounce_blocks_every_later_email_with_its_reason(
    alice: Addressee, amazon: Amazon, sent: str, version: str, shape: str
) -> None:
    amazon.put("settings", signature_version=version)

    assert bounce(amazon, sent, shape=shape) == [200]

    alice.stage()
    alice.work()
    assert alice.states() == ["sent", "blocked"]
    told, refused = alice.events()[-2:]
    assert (told.kind, told.details["bounce"]) == ("email_bounced", "hard")
    assert told.details["reason"] == (
        "Permanent, General: smtp; 550 5.1.1 <(address)>: user unknown"
    )
    assert refused.kind == "email_failed"
    assert "550 5.1.1" in refused.details["reason"]
    with pytest.raises(EmailRefused, match="bounce"):
        alice.ask("second")


@pytest.mark.parametrize("kind", ["Transient", "Undetermined"])
def test_a_soft_bounce_is_counted_and_blocks_nothing(
    alice: Addressee, amazon: Amazon, sent: str, kind: str
) -> None:
    bounce(amazon, sent, kind)
    bounce(amazon, sent, kind)

    alice.ask("second")
    alice.work()

    assert alice.states() == ["sent", "sent"]
    address = alice.address()
    assert address is not None
    assert (address.soft_bounces, address.hard_bounced_at) == (2, None)
    assert [event.details.get("bounce") for event in alice.events()].count("soft") == 2


def test_a_soft_bounce_is_over_when_a_later_email_arrives(
    alice: Addressee, amazon: Amazon, sent: str
) -> None:
    bounce(amazon, sent, "Transient")
    assert signs_of(alice).bounce == "soft"

    alice.ask("second")
    alice.work()
    later = next(one.ses_message_id for one in alice.messages() if one.ses_message_id != sent)
    amazon.post("deliver", message_id=later)

    assert signs_of(alice).bounce is None
    assert [event.details.get("bounce") for event in alice.events()].count("soft") == 1


def test_a_delivery_from_before_a_soft_bounce_that_is_told_late_ends_nothing(
    alice: Addressee, amazon: Amazon, sent: str
) -> None:
    bounce(amazon, sent, "Transient")
    with shop_transaction(alice.shop_id) as session:
        session.execute(update(EmailAddress).values(soft_bounced_at=utc_now() + timedelta(hours=1)))

    amazon.post("deliver", message_id=sent)

    assert signs_of(alice).bounce == "soft"


def test_a_complaint_unsubscribes_and_blocks(alice: Addressee, amazon: Amazon, sent: str) -> None:
    amazon.post("complain", message_id=sent)

    address = alice.address()
    assert address is not None
    assert address.complained_at is not None
    assert address.unsubscribed_at is not None
    with pytest.raises(EmailRefused, match="spam"):
        alice.ask("second")
    assert alice.timeline()[-1] == "email_complained"


def test_not_spam_is_no_complaint(alice: Addressee, amazon: Amazon, sent: str) -> None:
    amazon.post("complain", message_id=sent, feedback_type="not-spam")

    assert alice.address() is None


def test_a_delivery_is_noted_and_never_takes_a_bounce_back(
    alice: Addressee, amazon: Amazon, sent: str
) -> None:
    bounce(amazon, sent)

    amazon.post("deliver", message_id=sent)

    address = alice.address()
    assert address is not None
    assert address.hard_bounced_at is not None
    assert alice.messages()[0].delivered_at is not None


def test_a_message_of_sns_that_comes_twice_counts_once(
    alice: Addressee, amazon: Amazon, sent: str
) -> None:
    assert bounce(amazon, sent, "Transient", times=4) == [200, 200, 200, 200]

    address = alice.address()
    assert address is not None
    assert address.soft_bounces == 1
    assert alice.timeline().count("email_bounced") == 1


def test_a_report_of_an_email_in_doubt_settles_the_doubt(alice: Addressee, amazon: Amazon) -> None:
    before = len(amazon.emails())
    amazon.post("faults", kind="cut")
    alice.ask()
    alice.work()
    assert alice.states() == ["unknown"]

    amazon.post("deliver", message_id=amazon.emails()[-1]["id"])
    alice.work_later()

    assert len(amazon.emails()) == before + 1
    assert (alice.states(), alice.deliveries()) == (["sent"], ["done"])
    assert alice.timeline() == ["email_asked", "email_sent"]


def test_a_report_that_overtakes_the_answer_is_not_undone(
    alice: Addressee, amazon: Amazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bounce_first(name: str, **_: object) -> None:
        if name == "email_after_send":
            bounce(amazon, amazon.emails()[-1]["id"])

    monkeypatch.setattr(faults, "point", bounce_first)
    alice.ask()

    alice.work()

    assert alice.states() == ["sent"]
    assert alice.timeline() == ["email_asked", "email_sent", "email_bounced"]


def test_an_old_bounce_does_not_undo_what_the_merchant_cleared(
    alice: Addressee, amazon: Amazon, sent: str
) -> None:
    with shop_transaction(alice.shop_id) as session:
        row = alice.messages()[0]
        assert row.address_hash is not None
        addresses.lock_address(session, alice.shop_id, row.address_hash).cleared_at = utc_now()

    bounce(amazon, sent, at=(utc_now() - timedelta(minutes=5)).isoformat())
    alice.ask("second")
    bounce(amazon, sent, at=(utc_now() + timedelta(seconds=1)).isoformat())

    address = alice.address()
    assert address is not None
    assert address.hard_bounced_at is not None


def test_a_new_address_begins_afresh(alice: Addressee, amazon: Amazon, sent: str) -> None:
    bounce(amazon, sent)

    alice.change(email="alice@new.example", email_norm="alice@new.example")
    alice.ask("second")
    alice.work()

    assert alice.states() == ["sent", "sent"]


def test_what_one_shop_knows_of_an_address_is_unknown_to_another(
    alice: Addressee, bob: Addressee, amazon: Amazon, sent: str
) -> None:
    bob.change(email="alice@example.com", email_norm="alice@example.com")

    bounce(amazon, sent)
    amazon.clear()  # SES's own list is of the whole account: without it, Bob's would bounce later

    assert bob.address() is None
    bob.ask()
    bob.work()
    assert bob.states() == ["sent"]


def test_no_address_is_kept_in_the_tables_of_email(
    alice: Addressee, amazon: Amazon, sent: str
) -> None:
    bounce(amazon, sent)
    amazon.post("complain", message_id=sent)

    with shop_transaction(alice.shop_id) as session:
        rows = [*alice.messages(), *session.query(EmailAddress), *session.query(EmailFeedback)]
        told = str([row.__dict__ for row in rows])
    assert len(rows) == 4
    assert "alice" not in told.lower()
    assert "alice@" not in str([event.details for event in alice.events()])


def test_the_memory_of_an_address_outlives_the_member(
    alice: Addressee, amazon: Amazon, sent: str
) -> None:
    bounce(amazon, sent)
    alice.change(state="erased", email=None, email_norm="", first_name=None, last_name=None)

    again = enrol(alice.shop_id, "Alice", customer_id=777, email="ALICE@example.com ")

    with pytest.raises(EmailRefused, match="bounce"):
        again.ask()


def unknown_kind(event: dict[str, Any]) -> None:
    event["eventType"] = "Sonnet"


def unknown_message(event: dict[str, Any]) -> None:
    event["mail"]["tags"]["encore-message"] = ["00000000-0000-7000-8000-000000000000"]


def unknown_shop(event: dict[str, Any]) -> None:
    event["mail"]["tags"]["encore-shop"] = ["999999999"]


def no_shop_number(event: dict[str, Any]) -> None:
    event["mail"]["tags"]["encore-shop"] = ["1; DROP TABLE shop"]


def huge_shop_number(event: dict[str, Any]) -> None:
    event["mail"]["tags"]["encore-shop"] = ["9" * 40]


def only_an_address(event: dict[str, Any]) -> None:
    del event["mail"]["tags"]
    event["mail"]["destination"] = ["alice@example.com"]


def no_mail(event: dict[str, Any]) -> None:
    event["mail"] = ["alice@example.com"]


@pytest.mark.parametrize(
    "spoil",
    [
        *(unknown_kind, unknown_message, unknown_shop, no_shop_number, huge_shop_number),
        *(only_an_address, no_mail),
    ],
)
def test_what_names_no_email_of_ours_is_taken_and_changes_nothing(
    alice: Addressee, amazon: Amazon, sent: str, spoil: Callable[[dict[str, Any]], None]
) -> None:
    event = event_of(alice)
    spoil(event)

    assert amazon.post("notify", event=event)["statuses"] == [200]
    assert alice.address() is None


def test_words_instead_of_an_event_are_taken(alice: Addressee, amazon: Amazon) -> None:
    for text in (
        "Successfully validated SNS topic for Amazon SES event publishing.",
        "[1]",
        "[" * 9,
    ):
        assert amazon.post("notify", text=text)["statuses"] == [200]


def test_an_event_may_not_name_the_message_of_one_shop_in_another(
    alice: Addressee, bob: Addressee, amazon: Amazon, sent: str
) -> None:
    event = event_of(alice)
    event["mail"]["tags"]["encore-shop"] = [str(bob.shop_id)]

    assert amazon.post("notify", event=event)["statuses"] == [200]
    assert (alice.address(), bob.address()) == (None, None)


@pytest.mark.parametrize(
    "details",
    [
        {"timestamp": "yesterday"},
        {"timestamp": None},
        {"timestamp": "9999-12-31T23:59:59Z"},
        {"bouncedRecipients": [{"diagnosticCode": "a\u0000b" + "x" * 9000}]},
        {"bouncedRecipients": "nobody", "bounceSubType": ["x"]},
    ],
)
def test_odd_details_do_not_keep_a_bounce_from_counting(
    alice: Addressee, amazon: Amazon, sent: str, details: dict[str, object]
) -> None:
    assert amazon.post("notify", event=event_of(alice, **details))["statuses"] == [200]

    address = alice.address()
    assert address is not None
    assert address.hard_bounced_at is not None
    assert address.hard_bounced_at <= utc_now()


def test_a_suppressed_address_bounces_by_itself(
    alice: Addressee, amazon: Amazon, sent: str
) -> None:
    bounce(amazon, sent)
    with shop_transaction(alice.shop_id) as session:
        session.query(EmailAddress).delete()

    alice.ask("second")
    alice.work()

    deadline = time.monotonic() + 10
    while alice.address() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    address = alice.address()
    assert address is not None
    assert "OnAccountSuppressionList" in str(address.hard_bounce_reason)


def test_dealt_with_messages_are_forgotten_once_they_are_too_old_to_come_again(
    alice: Addressee, amazon: Amazon, sent: str
) -> None:
    bounce(amazon, sent, "Transient")
    with shop_transaction(alice.shop_id) as session:
        row = session.query(EmailFeedback).one()
        row.received_at = utc_now() - timedelta(days=4)

    purge(alice.shop_id, now=utc_now())

    with shop_transaction(alice.shop_id) as session:
        assert session.query(EmailFeedback).count() == 0
