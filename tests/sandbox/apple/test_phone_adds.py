"""What a phone takes into its Wallet, and what it refuses."""

from pathlib import Path
from typing import Any

import pytest

from sandbox.apple import certificates
from tests.sandbox.apple import passes
from tests.sandbox.apple.pass_server import PassServer
from tests.sandbox.apple.stand_in import PhoneClient, StandIn, wait_for


def _publish(apple: StandIn, server: PassServer, made: dict[str, Any], **faults: Any) -> str:
    server.publish(passes.build(apple.directory, made, **faults))
    return f"{server.url}/pass.pkpass"


def test_a_good_pass_is_added_and_registered(
    apple: StandIn, phone: PhoneClient, server: PassServer
) -> None:
    url = _publish(apple, server, passes.content(server.url))

    added = phone.do("add", url=url)

    assert (added["serial"], added["balance"]) == ("alice-000000000001", "100")
    state = phone.settled()
    assert state["passes"][0]["registration"] == "registered"
    assert server.push_tokens == {state["device_library_id"]: state["push_token"]}
    (sent,) = [entry for entry in server.requests if entry["method"] == "POST"]
    assert sent["headers"]["Authorization"] == "ApplePass 0123456789abcdef0123"


BUNDLE_FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("file_changed", {"after_manifest": {"icon.png": passes.png(58, 58)}}),
    ("file_extra", {"after_manifest": {"logo.png": passes.png()}}),
    ("file_missing", {"extra": {"logo.png": passes.png()}, "without": ("logo.png",)}),
    ("file_missing", {"without": ("signature",)}),
    ("icon_missing", {"without": ("icon.png",)}),
    ("image_bad", {"extra": {"icon.png": b"\x89PNG\r\n\x1a\nno picture"}}),
    ("bad_signature", {"after_manifest": {"manifest.json": b"{}"}}),
    ("bad_signature", {"after_manifest": {"signature": b"nothing"}}),
    ("signature_attached", {"options": ("-nodetach",)}),
    ("signing_time_missing", {"options": ("-noattr",)}),
    ("wrong_team", {"signer": "foreign"}),
    ("wrong_pass_type", {"signer": "foreign"}),
    # Whoever adds the pass may not have the intermediate certificate.
    ("bad_signature", {"chain": ""}),
]


@pytest.mark.parametrize(("code", "faults"), BUNDLE_FAULTS)
def test_a_bundle_with_a_fault_is_refused(
    apple: StandIn, phone: PhoneClient, server: PassServer, code: str, faults: dict[str, Any]
) -> None:
    url = _publish(apple, server, passes.content(server.url), **faults)

    assert code in phone.refusals(url)
    assert phone.settled()["passes"] == []
    assert server.count("POST", "/registrations/") == 0


def test_a_signature_of_an_unknown_authority_is_refused(
    apple: StandIn, phone: PhoneClient, server: PassServer, tmp_path: Path
) -> None:
    certificates.ensure_certificates(tmp_path, apple.pass_type_id, apple.team_id)
    server.publish(passes.build(tmp_path, passes.content(server.url)))

    assert phone.refusals(f"{server.url}/pass.pkpass") == {"bad_signature"}


def test_a_signature_by_a_certificate_that_is_for_no_pass_type_is_refused(
    apple: StandIn, phone: PhoneClient, server: PassServer
) -> None:
    wwdr = certificates.read_issued(apple.directory, "wwdr")
    ours = certificates.read_issued(apple.directory, "pass").certificate.subject
    certificates.write_issued(
        apple.directory, "unmarked", certificates.issue(ours, wwdr, [], days=1)
    )
    url = _publish(apple, server, passes.content(server.url), signer="unmarked")

    assert phone.refusals(url) == {"not_a_pass_certificate"}


def _fields(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"storeCard": {"headerFields": list(fields[:1]), "backFields": list(fields[1:])}}


FIELD = {"key": "balance", "value": "1"}
PLACE = {"latitude": 1.0, "longitude": 1.0}
CODE = {"format": "PKBarcodeFormatQR", "message": "m", "messageEncoding": "iso-8859-1"}
CONTENT_FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("format_version", {"formatVersion": "1"}),
    ("key_missing", {"serialNumber": None}),
    ("key_missing", {"organizationName": ""}),
    ("key_missing", {"description": None}),
    ("style", {"storeCard": None}),
    ("style", {"generic": {}}),
    ("authentication_token", {"authenticationToken": "0123456789abcde"}),
    ("web_service_url", {"webServiceURL": "http://aurora.example.com/passkit"}),
    ("barcode_format", {"barcodes": [CODE | {"format": "QR"}]}),
    ("barcode", {"barcodes": [CODE | {"messageEncoding": ""}]}),
    ("kind", {"maxDistance": 0}),
    ("kind", {"maxDistance": "300"}),
    ("locations", {"locations": [PLACE] * 11}),
    ("locations", {"locations": [{"latitude": "1", "longitude": 1}]}),
    ("field_twice", _fields(FIELD, FIELD)),
    ("field_value", _fields({"key": "balance"})),
    ("field_key", _fields({"value": "1"})),
    ("change_message", _fields(FIELD | {"changeMessage": "%@ and %@"})),
    ("change_message", _fields(FIELD | {"changeMessage": 5})),
    ("nfc", {"nfc": {"message": "x" * 65, "encryptionPublicKey": "AAAA"}}),
    ("colour", {"backgroundColor": "#ff0000"}),
    ("kind", {"voided": "yes"}),
    ("date", {"expirationDate": "tomorrow"}),
]


@pytest.mark.parametrize(("code", "changes"), CONTENT_FAULTS)
def test_a_pass_json_with_a_fault_is_refused_for_that_alone(
    apple: StandIn, phone: PhoneClient, server: PassServer, code: str, changes: dict[str, Any]
) -> None:
    url = _publish(apple, server, passes.content(**{"url": server.url} | changes))

    assert phone.refusals(url) == {code}


def test_another_content_type_is_refused(
    apple: StandIn, phone: PhoneClient, server: PassServer
) -> None:
    url = _publish(apple, server, passes.content(server.url))
    server.content_type = "application/zip"

    assert phone.refusals(url) == {"content_type"}


def test_registration_is_tried_again_until_it_works(
    apple: StandIn, phone: PhoneClient, server: PassServer
) -> None:
    server.failures["POST devices"] = [500, 503]

    phone.do("add", url=_publish(apple, server, passes.content(server.url)))

    assert phone.settled()["passes"][0]["registration"] == "registered"
    assert server.count("POST", "/registrations/") == 3
    assert len([line for line in server.logs if "Unexpected response code 50" in line]) == 2


def test_registration_is_given_up_in_the_end_and_at_once_when_unauthorized(
    apple: StandIn, phone: PhoneClient, server: PassServer
) -> None:
    server.failures["POST devices"] = [500, 500, 500, 500, 401]
    url = _publish(apple, server, passes.content(server.url))

    phone.do("add", url=url)
    first = phone.settled()["passes"][0]["registration"]
    phone.do("add", url=url)
    second = phone.settled()["passes"][0]["registration"]

    assert (first, second) == ("given_up", "refused")
    assert server.count("POST", "/registrations/") == 5
    assert "Authentication failure" in server.logs[-1]


def test_removing_a_pass_unregisters_it(
    apple: StandIn, phone: PhoneClient, server: PassServer
) -> None:
    phone.do("add", url=_publish(apple, server, passes.content(server.url)))
    phone.settled()

    phone.do("remove")

    assert phone.settled()["passes"] == []
    assert server.push_tokens == {}
    assert server.count("DELETE", "/registrations/") == 1


def test_a_new_push_token_is_registered_in_place_of_the_old(
    apple: StandIn, phone: PhoneClient, server: PassServer
) -> None:
    phone.do("add", url=_publish(apple, server, passes.content(server.url)))
    old = phone.settled()["push_token"]

    phone.do("new-token")

    new = wait_for(lambda: next((t for t in server.push_tokens.values() if t != old), None))
    assert new == phone.settled()["push_token"]
