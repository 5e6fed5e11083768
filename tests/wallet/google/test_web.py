"""The customer's way into Google Wallet, and what is seen when Google is away."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.ids import new_id
from tests.sandbox.google.stand_in import StandIn
from tests.wallet.cast import Cardholder
from wallet import setup
from wallet.errors import GoogleWalletError
from wallet.google.client import WalletClient, shared_client
from wallet.google.leases import Errand
from wallet.google.subscriber import open_object
from wallet.google.tables import GoogleObject
from wallet.links import CardLink, make_link_token
from wallet.queries import count_installed


@pytest.fixture
def client(app_url: str, app: Flask) -> FlaskClient:
    """Calls the wallet without a network; callbacks reach it over one."""
    return app.test_client()


def way_in(holder: Cardholder) -> str:
    secret = setup.current().link_secret
    return f"/card/{make_link_token(CardLink(holder.shop_id, holder.member_id), secret)}/google"


def rows(holder: Cardholder) -> list[GoogleObject]:
    with shop_transaction(holder.shop_id) as session:
        return list(session.query(GoogleObject))


def test_first_use_makes_the_object_and_leads_to_google(
    client: FlaskClient, google: StandIn, alice: Cardholder
) -> None:
    alice.earn(30)

    answer = client.get(way_in(alice))

    assert answer.status_code == 303
    assert answer.location.startswith(f"{google.url}/gp/v/save/")
    [row] = rows(alice)
    content = google.call("GET", f"/_control/objects/{row.object_id}")["content"]
    assert content["loyaltyPoints"]["balance"] == {"int": 30}


def test_customer_saves_the_card_and_it_counts_as_installed(
    client: FlaskClient, google: StandIn, alice: Cardholder
) -> None:
    answer = client.get(way_in(alice))

    page = requests.get(answer.location, headers={"Accept": "text/html"})
    saved = requests.post(answer.location)
    google.settle()

    assert "Aurora" in page.text and "Alice" in page.text
    assert saved.json() == {"saved": [rows(alice)[0].object_id]}
    with shop_transaction(alice.shop_id) as session:
        assert count_installed(session, alice.shop_id, alice.member_id)["google"] == 1


def test_second_use_asks_google_for_nothing(
    client: FlaskClient, google: StandIn, alice: Cardholder
) -> None:
    client.get(way_in(alice))
    google.set_fault("down", times=None)

    answer = client.get(way_in(alice))

    assert answer.status_code == 303
    assert len(rows(alice)) == 1


@pytest.mark.parametrize("fault", ["down", "cut"])
def test_page_says_so_when_google_is_away_and_the_next_try_succeeds(
    client: FlaskClient, google: StandIn, alice: Cardholder, fault: str
) -> None:
    google.set_fault(fault, surface="api", times=None)
    refused = client.get(way_in(alice))
    google.call("DELETE", "/_control/faults")

    answer = client.get(way_in(alice))

    assert refused.status_code == 502
    assert "Google Wallet does not answer just now" in refused.text
    assert answer.status_code == 303
    assert len(rows(alice)) == 1
    assert alice.timeline() == []


def test_preview_of_the_link_makes_no_card(
    client: FlaskClient, google: StandIn, alice: Cardholder
) -> None:
    assert client.head(way_in(alice)).status_code == 200
    assert rows(alice) == []


def test_link_that_is_not_ours_leads_nowhere(client: FlaskClient, alice: Cardholder) -> None:
    way = way_in(alice)

    assert client.get(way.replace("/card/", "/card/A")).status_code == 404
    assert client.get("/card/x/google").status_code == 404
    assert rows(alice) == []


def test_link_into_another_shop_leads_nowhere(
    client: FlaskClient, alice: Cardholder, bob: Cardholder
) -> None:
    mixed = Cardholder(bob.shop_id, alice.member_id)

    assert client.get(way_in(mixed)).status_code == 404


def test_erased_members_link_is_gone(client: FlaskClient, alice: Cardholder) -> None:
    alice.erase()

    assert client.get(way_in(alice)).status_code == 410
    assert rows(alice) == []


def test_page_says_so_when_google_is_off(client: FlaskClient, alice: Cardholder) -> None:
    way, settings = way_in(alice), setup.current()
    setup.configure(setup.WalletSettings(settings.app_url, settings.link_secret, None, None))

    assert client.get(way).status_code == 404
    assert client.post(f"/google/callbacks/{alice.shop_id}", json={}).status_code == 404


def test_address_of_the_card_is_kept_secret(client: FlaskClient, alice: Cardholder) -> None:
    way = way_in(alice)

    for answer in (client.get(way), client.head(way), client.get("/card/x/google")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["X-Robots-Tag"] == "noindex"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_logo_is_a_picture_that_google_can_fetch(client: FlaskClient) -> None:
    answer = client.get("/google/logo.png")

    assert answer.mimetype == "image/png"
    assert answer.data.startswith(b"\x89PNG") and "public" in answer.headers["Cache-Control"]


def test_unreadable_service_account_is_a_refusal_that_names_the_setting(
    google: StandIn, alice: Cardholder
) -> None:
    settings = replace(setup.google(), service_account_file=google.directory / "missing.json")
    with pytest.raises(GoogleWalletError, match="GOOGLE_SERVICE_ACCOUNT_FILE"):
        WalletClient(settings)


def test_calls_keep_below_googles_limit(google: StandIn, alice: Cardholder) -> None:
    card = open_object(alice.shop_id, alice.member_id)
    ends_at = utc_now() + timedelta(seconds=60)
    began = time.monotonic()

    for number in range(25):
        content = {"id": card.object_id, "accountName": f"Alice {number}"}
        errand = Errand(new_id(), number, content, {"id": card.object_id}, False, ends_at)
        shared_client().bring("loyaltyObject", errand)

    assert time.monotonic() - began > 1.2
    path = f"/walletobjects/v1/loyaltyObject/{card.object_id}"
    assert [status for _, _, status in google.requests_in(path)] == [200] * 25
