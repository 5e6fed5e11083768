"""APNs as its clients see it."""

import shutil
import time
from pathlib import Path

import pycurl
import pytest

from sandbox.apple import certificates
from tests.sandbox.apple.apns_client import push
from tests.sandbox.apple.stand_in import PhoneClient, StandIn

HTTP_2 = 3


def _token(apple: StandIn) -> str:
    return str(apple.call("POST", "/_control/tokens", {"count": 1})["tokens"][0])


def test_a_push_is_accepted_over_http_2_with_an_id_and_no_body(apple: StandIn) -> None:
    given = "11111111-2222-3333-4444-555555555555"

    answer = push(apple, _token(apple), apns_id=given)

    assert (answer.status, answer.body, answer.http_version) == (200, {}, HTTP_2)
    assert answer.headers["apns-id"] == given


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"path": "/3/devices/x"}, (404, "BadPath")),
        ({"method": "GET"}, (405, "MethodNotAllowed")),
        ({"apns_topic": None}, (400, "MissingTopic")),
        ({"apns_topic": "pass.org.example.borealis"}, (400, "TopicDisallowed")),
        ({"certificate": "foreign"}, (400, "TopicDisallowed")),
        ({"payload": b"{" + b" " * 4095 + b"}"}, (413, "PayloadTooLarge")),
        ({"payload": b"not json"}, (400, "PayloadEmpty")),
        ({"apns_expiration": "soon"}, (400, "BadExpirationDate")),
        ({"apns_priority": "7"}, (400, "BadPriority")),
        ({"apns_push_type": "sideways"}, (400, "InvalidPushType")),
        ({"apns_collapse_id": "x" * 65}, (400, "BadCollapseId")),
        ({"apns_id": "no-uuid"}, (400, "BadMessageId")),
    ],
)
def test_a_push_against_the_rules_is_refused_with_apples_reason(
    apple: StandIn, changes: dict[str, object], expected: tuple[int, str]
) -> None:
    answer = push(apple, _token(apple), **changes)  # type: ignore[arg-type]

    assert (answer.status, answer.reason) == expected
    assert answer.headers["apns-id"]


def test_a_payload_of_exactly_4096_bytes_is_accepted(apple: StandIn) -> None:
    assert push(apple, _token(apple), payload=b"{" + b" " * 4094 + b"}").status == 200


@pytest.mark.parametrize("token", ["short", "g" * 64, "ab" * 32])
def test_a_token_that_apns_never_gave_out_is_a_bad_device_token(apple: StandIn, token: str) -> None:
    assert push(apple, token).reason == "BadDeviceToken"


def test_an_erased_phones_token_is_unregistered_since_then(
    apple: StandIn, phone: PhoneClient
) -> None:
    token = phone.state()["push_token"]
    before_ms = time.time() * 1000
    phone.do("erase")

    answer = push(apple, token)

    assert (answer.status, answer.reason) == (410, "Unregistered")
    assert before_ms - 1 <= answer.body["timestamp"] <= time.time() * 1000


def test_too_many_pushes_for_one_token_are_429_and_others_are_not_held_up(apple: StandIn) -> None:
    apple.call("PUT", "/_control/limits", {"pushes_max": 2, "window_s": 60})
    token, other = _token(apple), _token(apple)

    answers = [push(apple, token) for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[2].reason == "TooManyRequests"
    assert push(apple, other).status == 200


def test_without_a_client_certificate_nothing_is_answered(apple: StandIn) -> None:
    with pytest.raises(pycurl.error):
        push(apple, _token(apple), certificate=None)


def test_a_certificate_of_another_authority_is_not_let_in(apple: StandIn, tmp_path: Path) -> None:
    certificates.ensure_certificates(tmp_path / "other", apple.pass_type_id, apple.team_id)
    for kind in ("pem", "key"):
        shutil.copy(tmp_path / "other" / f"pass.{kind}", apple.directory / f"stranger.{kind}")

    with pytest.raises(pycurl.error):
        push(apple, _token(apple), certificate="stranger")


def test_a_certificate_that_is_for_no_pass_type_is_a_bad_certificate(apple: StandIn) -> None:
    wwdr = certificates.read_issued(apple.directory, "wwdr")
    subject = wwdr.certificate.subject
    certificates.write_issued(
        apple.directory, "plain", certificates.issue(subject, wwdr, [], days=1)
    )

    answer = push(apple, _token(apple), certificate="plain")

    assert (answer.status, answer.reason) == (403, "BadCertificate")


def test_a_fault_is_answered_as_often_as_it_was_asked_for(apple: StandIn) -> None:
    token = _token(apple)
    apple.set_fault(kind="status", status=503, reason="ServiceUnavailable", times=2, token=token)

    statuses = [push(apple, token).status for _ in range(3)]

    assert statuses == [503, 503, 200]
    (fault,) = apple.call("GET", "/_control/faults")["faults"]
    assert fault["hits"] == 2


def test_a_stalled_push_is_answered_late(apple: StandIn) -> None:
    apple.set_fault(kind="stall", seconds=0.4)
    started = time.monotonic()

    assert push(apple, _token(apple)).status == 200
    assert time.monotonic() - started >= 0.4


@pytest.mark.parametrize("kind", ["cut", "drop"])
def test_a_connection_that_is_cut_gives_no_answer_and_a_new_one_does(
    apple: StandIn, kind: str
) -> None:
    token, curl = _token(apple), pycurl.Curl()
    assert push(apple, token, curl=curl).status == 200
    # libcurl itself repeats a request that GOAWAY says was not processed, so the fault stays.
    apple.set_fault(kind=kind, times=None)

    with pytest.raises(pycurl.error):
        push(apple, token, curl=curl)

    apple.call("DELETE", "/_control/faults")
    assert push(apple, token, curl=curl).status == 200


def test_apns_that_refuses_connections_comes_back_on_the_same_port(apple: StandIn) -> None:
    token = _token(apple)
    apple.set_fault(kind="refuse")

    with pytest.raises(pycurl.error) as refused:
        push(apple, token)
    assert refused.value.args[0] == pycurl.E_COULDNT_CONNECT

    apple.call("DELETE", "/_control/faults")
    assert push(apple, token).status == 200


def test_apns_with_a_wrong_certificate_hangs_up_and_is_not_trusted_until_it_is_cleared(
    apple: StandIn,
) -> None:
    token, curl = _token(apple), pycurl.Curl()
    assert push(apple, token, curl=curl).status == 200
    apple.set_fault(kind="wrong_certificate", times=None)

    with pytest.raises(pycurl.error):
        push(apple, token, curl=curl)  # the connection that was open is lost
    # Neither the session that it left behind nor a new one gets through.
    for client in (curl, pycurl.Curl()):
        with pytest.raises(pycurl.error) as refused:
            push(apple, token, curl=client)
        assert refused.value.args[0] == pycurl.E_PEER_FAILED_VERIFICATION

    apple.call("DELETE", "/_control/faults")
    assert push(apple, token, curl=curl).status == 200


def test_a_wrong_certificate_is_shown_as_often_as_it_was_asked_for(apple: StandIn) -> None:
    token = _token(apple)
    apple.set_fault(kind="wrong_certificate", times=2)

    for _ in range(2):
        with pytest.raises(pycurl.error):
            push(apple, token)

    assert push(apple, token).status == 200
    (fault,) = apple.call("GET", "/_control/faults")["faults"]
    assert fault["hits"] == 2


def test_every_push_is_on_the_received_page_with_its_answer(apple: StandIn) -> None:
    token = _token(apple)
    push(apple, token, apns_priority="5")

    newest = apple.call("GET", "/received")["pushes"][0]

    assert (newest["token"], newest["status"], newest["priority"]) == (token, 200, "5")
