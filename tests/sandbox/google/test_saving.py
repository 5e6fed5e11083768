"""The save page, the phone's page, callbacks and faults."""

import json
import time
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.sandbox.google.conftest import Api, Listener
from tests.sandbox.google.stand_in import StandIn, wait_for

HTML = {"Accept": "text/html"}


def link(google: StandIn, *object_ids: str, key: Any = None, **changes: Any) -> str:
    account = json.loads(google.account_file.read_text())
    claims = {
        "iss": account["client_email"],
        "aud": "google",
        "typ": "savetowallet",
        "iat": int(time.time()),
        "origins": [],
        "payload": {"loyaltyObjects": [{"id": object_id} for object_id in object_ids]},
    } | changes
    signed = jwt.encode(claims, key or account["private_key"], "RS256")
    return f"{google.url}/gp/v/save/{signed}"


def test_signed_link_shows_the_card_and_saves_it(google: StandIn, api: Api) -> None:
    object_id = api.new_object(barcode={"type": "QR_CODE", "value": "m1.TOKEN"})
    url = link(google, object_id)

    shown = requests.get(url, headers=HTML, timeout=20)
    saved = requests.post(url, headers=HTML, timeout=20)

    assert "Alice" in shown.text and "<svg" in shown.text
    assert saved.url == f"{google.url}/phones" and "Alice" in saved.text
    assert api("GET", f"loyaltyObject/{object_id}").json()["hasUsers"] is True


def test_removing_a_card_takes_it_off_the_phone(google: StandIn, api: Api) -> None:
    object_id = api.new_object()
    google.call("POST", "/_control/save", {"object_id": object_id})

    requests.post(f"{google.url}/phones/{object_id}/remove", timeout=20)

    assert api("GET", f"loyaltyObject/{object_id}").json()["hasUsers"] is False
    assert object_id not in json.dumps(google.call("GET", "/phones"))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "googl"},
        {"typ": "savetoandroidpay"},
        {"iss": "else@example.com"},
        {"payload": {}},
        {"payload": {"loyaltyObjects": []}},
        {"payload": {"loyaltyObjects": [{"id": "x", "colour": "red"}]}},
        {"origins": "https://example.com"},
        {"extra": 1},
        {"key": "other"},
    ],
)
def test_link_that_google_would_not_take_is_refused(
    google: StandIn, api: Api, changes: dict[str, Any]
) -> None:
    object_id = api.new_object()
    if "key" in changes:
        changes = {"key": rsa.generate_private_key(public_exponent=65537, key_size=2048)}

    answer = requests.post(link(google, object_id, **changes), timeout=20)

    assert answer.status_code == 400
    assert api("GET", f"loyaltyObject/{object_id}").json()["hasUsers"] is False


def test_link_to_an_object_that_is_not_there_is_refused(google: StandIn) -> None:
    url = link(google, "3388000000022195801.nobody")

    assert requests.get(url, timeout=20).status_code == 404
    assert requests.get(url, headers=HTML, timeout=20).status_code == 404


def test_saves_and_deletes_are_told_to_the_class(
    google: StandIn, api: Api, listener: Listener
) -> None:
    object_id = api.new_object(api.new_class(callbackOptions={"url": listener.url}))

    google.call("POST", "/_control/save", {"object_id": object_id})
    google.call("POST", "/_control/delete", {"object_id": object_id})
    google.settle()

    messages = [json.loads(envelope["signedMessage"]) for envelope in listener.heard]
    assert [message["eventType"] for message in messages] == ["save", "del"]
    assert {message["objectId"] for message in messages} == {object_id}
    assert messages[0]["expTimeMillis"] < messages[1]["expTimeMillis"]
    assert messages[0]["nonce"] != messages[1]["nonce"]
    assert listener.heard[0]["protocolVersion"] == "ECv2SigningOnly"


def test_callback_that_fails_is_sent_again_with_the_same_nonce(
    google: StandIn, api: Api, listener: Listener
) -> None:
    listener.answers = [503, 500]
    object_id = api.new_object(api.new_class(callbackOptions={"url": listener.url}))

    google.call("POST", "/_control/save", {"object_id": object_id})
    google.settle()

    assert len(listener.heard) == 3
    assert len({envelope["signedMessage"] for envelope in listener.heard}) == 1


def test_saving_twice_tells_once(google: StandIn, api: Api, listener: Listener) -> None:
    object_id = api.new_object(api.new_class(callbackOptions={"url": listener.url}))

    for _ in range(2):
        google.call("POST", "/_control/save", {"object_id": object_id})
    google.settle()

    assert len(listener.heard) == 1


def test_down_hangs_up_before_anything_happens(google: StandIn, api: Api) -> None:
    path = f"loyaltyObject/{api.new_object()}"
    google.set_fault("down", surface="api")

    with pytest.raises(requests.ConnectionError):
        api("PATCH", path, {"accountName": "Alicia"})
    assert api("GET", path).json()["accountName"] == "Alice"


def test_cut_hangs_up_after_it_happened(google: StandIn, api: Api) -> None:
    path = f"loyaltyObject/{api.new_object()}"
    google.set_fault("cut", surface="api")

    with pytest.raises(requests.ConnectionError):
        api("PATCH", path, {"accountName": "Alicia"})
    assert api("GET", path).json()["accountName"] == "Alicia"


def test_fault_of_one_surface_leaves_the_others(google: StandIn) -> None:
    google.set_fault("status", surface="keys", status=500)

    assert requests.get(f"{google.url}/token", timeout=20).status_code == 405
    assert requests.get(f"{google.url}/gp/m/issuer/keys", timeout=20).status_code == 500
    assert requests.get(f"{google.url}/gp/m/issuer/keys", timeout=20).status_code == 200


def test_unknown_fault_is_refused(google: StandIn) -> None:
    for asked in ({"kind": "flood"}, {"kind": "down", "surface": "moon"}, {"kind": "down", "x": 1}):
        assert "error" in google.call("POST", "/_control/faults", asked)


def test_journal_shows_what_came(google: StandIn, api: Api) -> None:
    object_id = api.new_object()

    page = requests.get(f"{google.url}/received", headers=HTML, timeout=20).text

    assert object_id in page
    assert wait_for(lambda: google.requests_in("/token"))
