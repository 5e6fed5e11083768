"""What we tell Google, held against Google's own discovery document as its library ships it."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import googleapiclient.discovery_cache
import jwt
import pytest
from jsonschema import Draft202012Validator

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member
from loyalty.preferences import NotificationPreference
from loyalty.shops.locations import LocationFacts, record_location
from tests.factories.facts import NOON
from tests.sandbox.google.stand_in import ISSUER_ID, StandIn
from tests.wallet.cast import Cardholder
from tests.wallet.google.conftest import Card, open_card
from tests.wallet.google.discovery import validator
from wallet.content import card_content
from wallet.google.cards import class_payload, object_payload
from wallet.google.save_link import save_link

DOCUMENT = Path(googleapiclient.discovery_cache.__file__).parent / "documents/walletobjects.v1.json"


@pytest.fixture
def card(google: StandIn, alice: Cardholder) -> Card:
    alice.earn(120)
    return open_card(google, alice)


def written(card: Card) -> dict[str, Any]:
    with shop_transaction(card.holder.shop_id) as session:
        ids = (card.holder.shop_id, card.holder.member_id)
        content = card_content(session, *ids, voided=False, now=utc_now())
        return object_payload(session, card.row, content)


def add_places(card: Card, count: int) -> None:
    with shop_transaction(card.holder.shop_id) as session:
        for number in range(count):
            facts = LocationFacts(
                location_id=number + 1,
                name=f"Shop {number}",
                is_active=True,
                address={},
                latitude="40.4168",
                longitude="-3.7038",
                updated_at=NOON,
            )
            record_location(session, card.holder.shop_id, facts)


def errors(schema: Draft202012Validator, payload: dict[str, Any]) -> list[str]:
    return [error.message for error in schema.iter_errors(payload)]


def test_class_is_as_google_describes_it(card: Card) -> None:
    with shop_transaction(card.holder.shop_id) as session:
        payload = class_payload(session, card.holder.shop_id)

    assert errors(validator(DOCUMENT, "LoyaltyClass"), payload) == []
    assert payload["callbackOptions"]["url"].endswith(f"/google/callbacks/{card.holder.shop_id}")
    assert payload["id"].startswith(f"{ISSUER_ID}.")


def test_object_is_as_google_describes_it(card: Card) -> None:
    add_places(card, 3)

    payload = written(card)

    assert errors(validator(DOCUMENT, "LoyaltyObject"), payload) == []
    assert payload["loyaltyPoints"] == {"label": "points", "balance": {"int": 120}}
    assert payload["state"] == "ACTIVE"
    assert payload["barcode"]["value"] == payload["smartTapRedemptionValue"]
    assert payload["barcode"]["alternateText"] == payload["accountId"]
    assert payload["merchantLocations"] == [{"latitude": 40.4168, "longitude": -3.7038}] * 3
    assert "/go/" in payload["linksModuleData"]["uris"][0]["uri"]


def test_void_object_is_as_google_describes_it(card: Card) -> None:
    card.holder.erase()

    payload = written(card)

    assert errors(validator(DOCUMENT, "LoyaltyObject"), payload) == []
    assert payload.keys() == {"id", "classId", "state"}


@pytest.mark.parametrize("points", [0, -40, 2**31 - 121, 2**31, 2**40])
def test_any_balance_fits(card: Card, points: int) -> None:
    if points > 0:
        card.holder.earn(points)

    payload = written(card)

    assert errors(validator(DOCUMENT, "LoyaltyObject"), payload) == []


def test_places_are_ten_at_most(card: Card) -> None:
    add_places(card, 14)

    assert len(written(card)["merchantLocations"]) == 10


def test_paused_location_takes_the_places_off_the_card_at_google(card: Card) -> None:
    add_places(card, 3)
    card.refresh()
    before = len(card.theirs["content"]["merchantLocations"])
    with shop_transaction(card.holder.shop_id) as session:
        paused = NotificationPreference(
            shop_id=card.holder.shop_id,
            member_id=card.holder.member_id,
            location=False,
            changed_at=utc_now(),
        )
        session.add(paused)

    card.refresh()

    assert before == 3
    assert "merchantLocations" not in card.theirs["content"]
    assert card.changes()[-1] == ("PUT", 200)


def test_member_without_a_name_has_no_account_name(card: Card) -> None:
    card.holder.erase()
    with shop_transaction(card.holder.shop_id) as session:
        member = session.get_one(Member, (card.holder.shop_id, card.holder.member_id))
        member.state = "active"

    assert "accountName" not in written(card)


@pytest.mark.parametrize(
    "fault",
    [
        {"loyaltyPionts": {}},
        {"state": "Active"},
        {"loyaltyPoints": {"balance": {"int": "120"}}},
        {"version": 1},
        {"merchantLocations": [{"latitude": "40.4"}]},
    ],
)
def test_the_check_itself_finds_planted_faults(card: Card, fault: dict[str, Any]) -> None:
    assert errors(validator(DOCUMENT, "LoyaltyObject"), written(card) | fault) != []


def test_save_link_is_a_short_signed_token_that_names_the_object(card: Card) -> None:
    link = save_link(card.row)

    path, _, token = urlsplit(link).path.rpartition("/")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert path == "/gp/v/save"
    assert jwt.get_unverified_header(token)["alg"] == "RS256"
    assert (claims["aud"], claims["typ"], claims["origins"]) == ("google", "savetowallet", [])
    ids = {"id": card.object_id, "classId": card.row.class_id}
    assert claims["payload"] == {"loyaltyObjects": [ids]}
    assert len(link) < 1200
