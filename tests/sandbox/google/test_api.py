"""The stand-in's REST API: what Google's own document and descriptions allow, and nothing else."""

import json
import time
from pathlib import Path
from typing import Any

import googleapiclient.discovery_cache
import pytest
import requests

from sandbox.google.discovery_document import DOCUMENT, find_violations, list_required
from sandbox.google.limits import RequestLimit
from tests.sandbox.google.conftest import Api, a_class, an_object
from tests.sandbox.google.stand_in import ISSUER_ID, StandIn

SHIPPED = Path(googleapiclient.discovery_cache.__file__).parent / "documents/walletobjects.v1.json"

DOUBLE = "secondaryLoyaltyPoints.balance.double"


def refusal(answer: requests.Response) -> tuple[int, str]:
    """Status and reason of an error in the shape of Google's."""
    error = answer.json()["error"]
    assert error["code"] == answer.status_code
    assert error["errors"][0].keys() == {"message", "domain", "reason"}
    return answer.status_code, error["status"]


def test_document_is_the_one_that_googles_library_ships() -> None:
    assert json.loads(DOCUMENT.read_text()) == json.loads(SHIPPED.read_text())


def test_required_fields_are_read_from_the_descriptions() -> None:
    assert sorted(list_required("LoyaltyObject")) == ["classId", "id", "state"]
    assert "programLogo" in list_required("LoyaltyClass")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"loyaltyPionts": {}}, "loyaltyPionts"),
        ({"state": "Active"}, "state"),
        ({"loyaltyPoints": {"balance": {"int": "5"}}}, "loyaltyPoints.balance.int"),
        ({"loyaltyPoints": {"balance": {"int": 2**31}}}, "loyaltyPoints.balance.int"),
        ({"loyaltyPoints": {"balance": {"int": True}}}, "loyaltyPoints.balance.int"),
        ({"secondaryLoyaltyPoints": {"balance": {"double": "1"}}}, DOUBLE),
        ({"version": 7}, "version"),
        ({"linksModuleData": {"uris": {}}}, "linksModuleData.uris"),
        ({"linksModuleData": {"uris": [{"url": "x"}]}}, "linksModuleData.uris[0].url"),
        ({"accountName": None}, "accountName"),
        ({"accountName": 7}, "accountName"),
        ({"barcode": []}, "barcode"),
        ({"barcode": {"type": "QR"}}, "barcode.type"),
        ({"hasUsers": "yes"}, "hasUsers"),
    ],
)  # fmt: skip
def test_field_that_the_document_does_not_allow_is_refused_and_named(
    api: Api, change: dict[str, Any], field: str
) -> None:
    answer = api("POST", "loyaltyObject", an_object(api.new_class()) | change)

    assert refusal(answer) == (400, "INVALID_ARGUMENT")
    [violation] = answer.json()["error"]["details"][0]["fieldViolations"]
    assert violation["field"] == field


def test_every_field_that_the_document_describes_is_known() -> None:
    good = {
        "version": "12",
        "rotatingBarcode": {"type": "QR_CODE", "totpDetails": {"periodMillis": "30000"}},
        "merchantLocations": [{"latitude": 40, "longitude": -3.5}],
    }

    assert list(find_violations("LoyaltyObject", good)) == []


@pytest.mark.parametrize("missing", ["id", "classId", "state"])
def test_object_without_what_is_required_is_refused(api: Api, missing: str) -> None:
    content = an_object(api.new_class())
    del content[missing]

    assert refusal(api("POST", "loyaltyObject", content)) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    "change",
    [
        {"merchantLocations": [{"latitude": 1.0, "longitude": 1.0}] * 11},
        {"merchantLocations": [{"latitude": 91.0, "longitude": 1.0}]},
        {"messages": [{"header": "h", "body": "b"}] * 11},
        {"linksModuleData": {"uris": [{"uri": "example.com"}]}},
        {"loyaltyPoints": {"label": "Points"}},
        {"loyaltyPoints": {"balance": {"int": 1, "string": "1"}}},
        {"id": f"{ISSUER_ID}.with space"},
        {"id": "no-issuer"},
    ],
)
def test_limit_of_the_descriptions_is_kept(api: Api, change: dict[str, Any]) -> None:
    content = an_object(api.new_class()) | change

    assert refusal(api("POST", "loyaltyObject", content)) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    "change",
    [
        {"reviewStatus": "APPROVED"},
        {"reviewStatus": "PENDING"},
        {"programLogo": {"sourceUri": {"uri": "logo.png"}}},
        {"callbackOptions": {"url": "http://shop.example.com/callbacks"}},
    ],
)
def test_class_that_google_would_not_review_is_refused(api: Api, change: dict[str, Any]) -> None:
    assert refusal(api("POST", "loyaltyClass", a_class() | change)) == (400, "INVALID_ARGUMENT")


def test_ids_of_another_issuer_are_refused(api: Api) -> None:
    other = "3388000000099999999.class"

    assert refusal(api("POST", "loyaltyClass", a_class(id=other))) == (403, "PERMISSION_DENIED")
    assert refusal(api("GET", f"loyaltyClass/{other}")) == (403, "PERMISSION_DENIED")


def test_object_of_an_unknown_class_is_refused(api: Api) -> None:
    answer = api("POST", "loyaltyObject", an_object(f"{ISSUER_ID}.nowhere"))

    assert refusal(answer) == (404, "NOT_FOUND")


def test_second_insert_of_an_id_is_refused(api: Api) -> None:
    class_id = api.new_class()

    assert refusal(api("POST", "loyaltyClass", a_class(id=class_id))) == (409, "ALREADY_EXISTS")


def test_what_was_never_inserted_is_not_found(api: Api) -> None:
    path = f"loyaltyObject/{ISSUER_ID}.nobody"

    for method, body in (("GET", None), ("PATCH", {"accountName": "x"})):
        assert refusal(api(method, path, body)) == (404, "NOT_FOUND")


def test_patch_merges_and_keeps_the_rest(api: Api) -> None:
    object_id = api.new_object(linksModuleData={"uris": [{"uri": "https://a.example"}]})

    patched = api("PATCH", f"loyaltyObject/{object_id}", {"loyaltyPoints": {"balance": {"int": 9}}})
    assert patched.status_code == 200
    kept = api("GET", f"loyaltyObject/{object_id}").json()
    assert kept["loyaltyPoints"] == {"label": "Points", "balance": {"int": 9}}
    assert kept["accountName"] == "Alice"
    assert kept["linksModuleData"] == {"uris": [{"uri": "https://a.example"}]}


def test_update_replaces_everything(api: Api) -> None:
    class_id = api.new_class()
    object_id = api.new_object(class_id)

    body = {"id": object_id, "classId": class_id, "state": "INACTIVE"}
    updated = api("PUT", f"loyaltyObject/{object_id}", body).json()

    assert {name: updated[name] for name in body} == body
    assert "accountName" not in updated


def test_object_keeps_its_class_and_its_id(api: Api) -> None:
    object_id, other = api.new_object(), api.new_class()

    for change in ({"classId": other}, {"id": f"{ISSUER_ID}.else"}):
        answer = api("PATCH", f"loyaltyObject/{object_id}", change)
        assert refusal(answer) == (400, "INVALID_ARGUMENT")


def test_class_is_changed_only_when_it_is_handed_in_for_review(api: Api) -> None:
    path = f"loyaltyClass/{api.new_class()}"

    assert refusal(api("PATCH", path, {"issuerName": "Boreal"})) == (400, "INVALID_ARGUMENT")
    news = {"issuerName": "Boreal", "reviewStatus": "UNDER_REVIEW"}
    assert api("PATCH", path, news).json()["issuerName"] == "Boreal"


def test_body_that_is_no_json_is_refused(api: Api) -> None:
    answer = api.session.post(f"{api.url}/walletobjects/v1/loyaltyClass", data=b"{", timeout=20)

    assert refusal(answer) == (400, "INVALID_ARGUMENT")


def test_objects_of_a_class_are_listed(api: Api) -> None:
    class_id = api.new_class()
    ids = {api.new_object(class_id) for _ in range(3)}
    api.new_object()

    found = api("GET", f"loyaltyObject?classId={class_id}").json()["resources"]

    assert {one["id"] for one in found} == ids


def test_requests_over_the_seconds_limit_are_refused(google: StandIn, api: Api) -> None:
    path = f"loyaltyObject/{api.new_object()}"
    google.call("PUT", "/_control/limits", {"per_second": 4})
    time.sleep(1.1)  # what came so far counts no more

    answers = [api("GET", path) for _ in range(12)]

    statuses = {answer.status_code for answer in answers}
    refused = [answer for answer in answers if answer.status_code == 429]
    assert statuses == {200, 429}
    assert {refusal(answer) for answer in refused} == {(429, "RESOURCE_EXHAUSTED")}


def test_twenty_requests_a_second_and_no_more() -> None:
    limit = RequestLimit()

    assert [limit.take() for _ in range(22)] == [True] * 20 + [False] * 2


def test_three_notices_a_day_and_then_silence(google: StandIn, api: Api) -> None:
    object_id = api.new_object()
    google.call("POST", "/_control/save", {"object_id": object_id})

    for points in range(10, 16):
        news = {"loyaltyPoints": {"balance": {"int": points}}}
        api("PATCH", f"loyaltyObject/{object_id}", news | {"notifyPreference": "NOTIFY_ON_UPDATE"})

    state = google.call("GET", f"/_control/objects/{object_id}")
    assert [note["text"] for note in state["shown"]] == ["Points: 10", "Points: 11", "Points: 12"]
    assert state["silenced"] == 3
    assert "notifyPreference" not in state["content"]


def test_change_notifies_only_when_asked_and_only_of_what_a_phone_tells(
    google: StandIn, api: Api
) -> None:
    object_id = api.new_object()
    path = f"loyaltyObject/{object_id}"
    loud = {"notifyPreference": "NOTIFY_ON_UPDATE"}
    api("PATCH", path, {"loyaltyPoints": {"balance": {"int": 1}}} | loud)  # nobody has it yet
    google.call("POST", "/_control/save", {"object_id": object_id})

    api("PATCH", path, {"loyaltyPoints": {"balance": {"int": 2}}})
    api("PATCH", path, {"accountName": "Alicia"} | loud)

    assert google.call("GET", f"/_control/objects/{object_id}")["shown"] == []


def test_message_over_the_days_limit_is_refused(google: StandIn, api: Api) -> None:
    object_id = api.new_object()
    google.call("POST", "/_control/save", {"object_id": object_id})
    message = {"message": {"header": "Hi", "body": "b", "messageType": "TEXT_AND_NOTIFY"}}
    path = f"loyaltyObject/{object_id}/addMessage"

    statuses = [api("POST", path, message).status_code for _ in range(4)]

    assert statuses == [200, 200, 200, 429]


def test_cards_outlive_the_process(api: Api, google: StandIn) -> None:
    object_id = api.new_object()

    files = [path.name for path in (google.directory / "resources").iterdir()]

    assert f"LoyaltyObject.{object_id}.json" in files
