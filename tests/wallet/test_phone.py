"""An iPhone by iOS's rules against our real HTTP: from the card page to the lock screen."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.shops.locations import LocationFacts, record_location
from sandbox.apple.phone import Phone
from sandbox.apple.views import phone_json
from sandbox.apple.world import World
from tests.wallet.cast import Cardholder
from wallet.pacing import TooSoon
from wallet.subscriber import refresh_member


@pytest.fixture
def phone(apple: World, app_url: str, alice: Cardholder) -> Phone:
    """A phone with Alice's pass, registered."""
    phone = apple.create_phone()
    phone.add(f"{alice.url()}/apple.pkpass")
    _settled(phone)
    return phone


def test_phone_takes_the_pass_and_registers_it(phone: Phone, alice: Cardholder) -> None:
    assert [card.registration for card in phone.list_cards()] == ["registered"]
    assert [r.device_id for r in alice.registrations()] == [phone.device_id]
    assert alice.timeline() == ["pass_installed"]


def test_new_balance_reaches_the_phone_with_its_text(phone: Phone, alice: Cardholder) -> None:
    alice.earn(1240)

    refresh_member(alice.shop_id, alice.member_id)

    _wait(lambda: _balance(phone) == "1,240")
    _wait(lambda: "Your balance is now 1,240 points" in str(phone_json(phone)["lock_screen"]))


def test_change_of_name_and_balance_still_tells_the_balance(
    phone: Phone, alice: Cardholder
) -> None:
    alice.earn(5)
    alice.rename("Alicia")

    refresh_member(alice.shop_id, alice.member_id)

    _wait(lambda: "Your balance is now 5 points" in str(phone_json(phone)["lock_screen"]))
    assert "Alicia" in str(phone_json(phone)["passes"])


def test_paused_balance_brings_the_new_card_without_a_word(phone: Phone, alice: Cardholder) -> None:
    alice.prefer("balance", False)
    alice.earn(5)

    refresh_member(alice.shop_id, alice.member_id)

    _wait(lambda: _balance(phone) == "5")
    assert phone_json(phone)["lock_screen"] == []


def test_balance_paused_between_the_push_and_the_fetch_stays_silent(
    phone: Phone, alice: Cardholder
) -> None:
    phone.runner.pause(phone.line, True)
    alice.earn(5)
    refresh_member(alice.shop_id, alice.member_id)
    alice.prefer("balance", False)

    phone.runner.pause(phone.line, False)

    _wait(lambda: _balance(phone) == "5")
    _settled(phone)
    assert phone_json(phone)["lock_screen"] == []


def test_balance_that_is_active_again_speaks_of_the_next_change_once(
    phone: Phone, alice: Cardholder
) -> None:
    alice.prefer("balance", False)
    alice.earn(5)
    refresh_member(alice.shop_id, alice.member_id)
    _wait(lambda: _balance(phone) == "5")
    alice.prefer("balance", True)
    alice.earn(2)

    _refresh(alice)

    _wait(lambda: _balance(phone) == "7")
    assert _texts(phone) == ["Your balance is now 7 points"]


def test_change_of_the_name_alone_brings_the_new_card_without_a_word(
    phone: Phone, alice: Cardholder
) -> None:
    alice.rename("Alicia")

    refresh_member(alice.shop_id, alice.member_id)

    _wait(lambda: "Alicia" in str(phone_json(phone)["passes"]))
    assert phone_json(phone)["lock_screen"] == []


def test_places_of_the_shop_are_on_the_pass(phone: Phone, alice: Cardholder) -> None:
    _record_place(alice)

    refresh_member(alice.shop_id, alice.member_id)

    _wait(lambda: "locations" in _pass(phone))
    assert _pass(phone)["locations"] == [
        {
            "latitude": 40.42,
            "longitude": -3.7,
            "relevantText": "Aurora, Gran Vía: your card is at hand",
        }
    ]
    assert _pass(phone)["maxDistance"] == 300
    assert phone_json(phone)["lock_screen"] == []


def test_paused_location_takes_the_places_off_the_pass(phone: Phone, alice: Cardholder) -> None:
    _record_place(alice)
    refresh_member(alice.shop_id, alice.member_id)
    _wait(lambda: "locations" in _pass(phone))

    alice.prefer("location", False)
    _refresh(alice)

    _wait(lambda: "locations" not in _pass(phone))
    assert "maxDistance" not in _pass(phone)


def test_hops_follow_the_push_to_the_phone(phone: Phone, alice: Cardholder) -> None:
    alice.earn(5)

    refresh_member(alice.shop_id, alice.member_id)

    _wait(lambda: "2 fetched" in alice.hops())
    hops = ["2 queued", "2 accepted", "2 asked", "2 fetched"]
    # Our own answer of APNs may be written after the phone came: the hops' times are true.
    assert sorted(alice.hops()) == sorted(hops)


def test_change_before_the_registration_still_reaches_the_phone(
    apple: World, app_url: str, alice: Cardholder
) -> None:
    phone = apple.create_phone()
    phone.runner.pause(phone.line, True)
    phone.add(f"{alice.url()}/apple.pkpass")
    alice.earn(7)
    refresh_member(alice.shop_id, alice.member_id)
    assert _balance(phone) == "0"

    phone.runner.pause(phone.line, False)
    _settled(phone)
    refresh_member(alice.shop_id, alice.member_id)  # as the event of the registration asks

    _wait(lambda: _balance(phone) == "7")


def test_renewed_push_token_gets_the_next_push(phone: Phone, alice: Cardholder) -> None:
    phone.renew_push_token()
    _settled(phone)
    alice.earn(9)

    refresh_member(alice.shop_id, alice.member_id)

    _wait(lambda: "Your balance is now 9 points" in str(phone_json(phone)["lock_screen"]))


def test_pass_thrown_away_is_unregistered(phone: Phone, alice: Cardholder) -> None:
    (card,) = phone.list_cards()

    phone.remove(card.bundle.key)

    _wait(lambda: alice.registrations()[0].removed_at)
    assert alice.timeline() == ["pass_installed", "pass_removed"]


def test_phone_complains_of_nothing(phone: Phone, alice: Cardholder) -> None:
    for expected in ("1", "2", "3"):
        alice.earn(1)
        _refresh(alice)
        _wait(lambda expected=expected: _balance(phone) == expected)

    assert [entry for entry in phone.diary if entry["url"].endswith("/v1/log")] == []
    assert alice.registrations()[0].asked_at is not None
    assert alice.the_pass().fetched_revision == 4


def _pass(phone: Phone) -> dict[str, Any]:
    content: dict[str, Any] = phone_json(phone)["passes"][0]["pass"]
    return content


def _texts(phone: Phone) -> list[str]:
    return [said["text"] for said in phone_json(phone)["lock_screen"]]


def _record_place(holder: Cardholder) -> None:
    facts = LocationFacts(
        location_id=1,
        name="Gran Vía",
        is_active=True,
        address={},
        latitude="40.42",
        longitude="-3.7",
        updated_at=utc_now(),
    )
    with shop_transaction(holder.shop_id) as session:
        record_location(session, holder.shop_id, facts)


def _refresh(holder: Cardholder) -> None:
    """Refresh as a worker does: what comes too soon is asked for again later."""
    try:
        refresh_member(holder.shop_id, holder.member_id)
    except TooSoon as error:
        time.sleep(error.retry_after.total_seconds())
        refresh_member(holder.shop_id, holder.member_id)


def _balance(phone: Phone) -> object:
    return phone_json(phone)["passes"][0]["balance"]


def _settled(phone: Phone) -> None:
    """Wait until the phone has nothing left to do."""
    _wait(lambda: phone.line.idle)


def _wait(look: Callable[[], object]) -> None:
    deadline = time.monotonic() + 15
    while not look():
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.02)
