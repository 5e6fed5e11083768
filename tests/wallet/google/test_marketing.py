"""R71 at Google: a text is told by addMessage, within the three of a day, and never twice."""

from typing import Any

import pytest
from sqlalchemy import delete

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from tests.wallet.google.conftest import Card
from tests.wallet.google.discovery import validator
from tests.wallet.google.test_payloads import DOCUMENT, errors, written
from tests.wallet.google.test_subscriber import _end_lease
from tests.wallet.test_marketing import campaign, details, reasons, tell
from wallet.errors import GoogleWalletError
from wallet.google.sending import _begin_object
from wallet.google.tables import GoogleNotice
from wallet.pacing import PAUSE


def shown(card: Card) -> list[str]:
    """What the phone showed, oldest first."""
    return [one["text"] for one in card.theirs["shown"]]


def messages(card: Card) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = card.theirs["content"].get("messages", [])
    return found


def test_text_is_shown_as_a_notification_and_stands_on_the_card(alices: Card) -> None:
    tell(alices.holder, "New roasts are in")

    alices.refresh()

    assert shown(alices) == ["Aurora: New roasts are in"]
    (message,) = messages(alices)
    assert (message["body"], message["messageType"]) == ("New roasts are in", "TEXT_AND_NOTIFY")
    assert alices.notices() == ["marketing"]
    assert alices.pushes() == ["push_created", "push_sent"]


def test_card_with_a_text_is_as_google_describes_it(alices: Card) -> None:
    tell(alices.holder, "New roasts are in")

    payload = written(alices)

    assert errors(validator(DOCUMENT, "LoyaltyObject"), payload) == []
    assert payload["messages"][0]["displayInterval"]["end"]["date"] > utc_now().isoformat()


def test_second_text_of_a_day_is_silent_and_told_as_failed(alices: Card) -> None:
    tell(alices.holder, "New roasts are in", key="one")
    alices.refresh()
    assert reasons(alices.holder) == {alices.holder.member_id: "quota"}

    tell(alices.holder, "And cake", key="two")
    alices.refresh()

    assert shown(alices) == ["Aurora: New roasts are in"]
    assert [message["body"] for message in messages(alices)] == ["And cake"]
    (failed,) = details(alices.holder, "push_failed")
    assert failed["reason"] == "quota"


def test_text_that_google_itself_silences_is_told_as_failed(alices: Card) -> None:
    alices.google.call("PUT", "/_control/limits", {"per_second": 20, "notices_per_day": 0})

    tell(alices.holder, "New roasts are in")
    alices.refresh()

    assert shown(alices) == []
    assert [message["body"] for message in messages(alices)] == ["New roasts are in"]
    assert alices.pushes() == ["push_created", "push_failed"]


def test_balance_that_changed_with_it_is_told_instead(alices: Card) -> None:
    tell(alices.holder, "New roasts are in")
    alices.holder.earn(10)

    alices.refresh()

    assert alices.notices() == ["balance"]
    assert [message["body"] for message in messages(alices)] == ["New roasts are in"]
    (failed,) = details(alices.holder, "push_failed")
    assert failed["reason"] == "outranked"


def test_text_that_brings_points_is_told_and_not_the_balance(alices: Card) -> None:
    tell(alices.holder, "10 for you", campaign_id=campaign(alices.holder, bonus_points="10"))
    alices.holder.earn(10)

    alices.refresh()

    assert shown(alices) == ["Aurora: 10 for you"]
    assert alices.pushes() == ["push_created", "push_sent"]


def test_balance_is_told_where_the_text_that_brought_points_finds_no_place(alices: Card) -> None:
    tell(alices.holder, "New roasts are in")
    alices.refresh()
    tell(
        alices.holder,
        "10 for you",
        key="two",
        campaign_id=campaign(alices.holder, bonus_points="10"),
    )
    alices.holder.earn(10)

    alices.refresh()

    assert alices.notices() == ["marketing", "balance"]
    (failed,) = details(alices.holder, "push_failed")
    assert failed["reason"] == "quota"


def test_text_in_doubt_is_not_told_again(alices: Card) -> None:
    tell(alices.holder, "New roasts are in")
    alices.google.call("POST", "/_control/faults", {"kind": "cut", "surface": "api", "times": 1})

    try_to_refresh(alices)
    alices.refresh()

    assert shown(alices) == ["Aurora: New roasts are in"]
    (failed,) = details(alices.holder, "push_failed")
    assert failed["reason"] == "no_answer"
    assert len(messages(alices)) == 1


def test_text_whose_sender_died_is_in_doubt_and_not_told_again(alices: Card) -> None:
    tell(alices.holder, "New roasts are in")
    later = utc_now() + 2 * PAUSE
    assert _begin_object(alices.holder.shop_id, alices.row_id, later) is not None
    _end_lease(alices)

    alices.refresh()

    assert shown(alices) == []
    assert [message["body"] for message in messages(alices)] == ["New roasts are in"]
    assert alices.pushes() == ["push_created", "push_failed"]


def test_refused_call_is_tried_again_and_then_heard(alices: Card) -> None:
    tell(alices.holder, "New roasts are in")
    fault = {"kind": "status", "surface": "api", "status": 429, "times": 1}
    alices.google.call("POST", "/_control/faults", fault)

    try_to_refresh(alices)
    alices.refresh()

    assert shown(alices) == ["Aurora: New roasts are in"]
    assert len(messages(alices)) == 1
    assert alices.pushes() == ["push_created", "push_sent"]


def test_newer_text_takes_the_place_of_the_older_one(alices: Card) -> None:
    tell(alices.holder, "New roasts are in", key="one")
    alices.refresh()
    with shop_transaction(alices.holder.shop_id) as session:
        session.execute(delete(GoogleNotice))

    tell(alices.holder, "And cake", key="two")
    alices.refresh()

    assert shown(alices) == ["Aurora: New roasts are in", "Aurora: And cake"]
    assert [message["body"] for message in messages(alices)] == ["And cake"]


def try_to_refresh(card: Card) -> None:
    """A turn of the subscriber that fails."""
    with pytest.raises(GoogleWalletError):
        card.refresh()
    _end_lease(card)
