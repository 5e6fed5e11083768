"""R120: only what SNS signed for a topic of ours, just now, is believed; nothing else is."""

import json
import time
from dataclasses import replace

import pytest
import requests
from flask.testing import FlaskClient

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from mailing import setup, sns
from mailing.tables import EmailFeedback
from tests.mailing.cast import Addressee, event_of
from tests.mailing.stand_in import Amazon

FORGERIES = (
    *("tampered", "foreign_key", "foreign_host", "other_topic", "old", "future"),
    *("unsigned", "unknown_version"),
)


@pytest.mark.parametrize("mutation", FORGERIES)
def test_a_forged_message_is_refused_and_nothing_is_written(
    alice: Addressee, amazon: Amazon, sent: str, mutation: str
) -> None:
    answer = amazon.post("notify", event=event_of(alice), mutation=mutation)

    assert answer["statuses"] == [403]
    assert alice.address() is None
    with shop_transaction(alice.shop_id) as session:
        assert session.query(EmailFeedback).count() == 0
    # The same event unharmed is believed: the refusal was for the forgery.
    assert amazon.post("notify", event=event_of(alice))["statuses"] == [200]
    assert alice.address() is not None


def test_a_certificate_behind_a_redirect_is_not_followed(
    alice: Addressee, amazon: Amazon, sent: str
) -> None:
    sns.forget()
    answer = amazon.post("notify", event=event_of(alice), mutation="redirected_certificate")
    sns.forget()

    assert answer["statuses"] == [503]
    assert alice.address() is None


NO_MESSAGES: list[bytes] = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe",
    b"[" * 200_000,
    b'{"Type": "Notification"}',
    b'{"Type": ["Notification"]}',
    json.dumps({"Type": "Notification", "MessageId": "a\0b"}).encode(),
]


@pytest.mark.parametrize("body", NO_MESSAGES)
def test_what_is_no_message_is_refused(client: FlaskClient, body: bytes) -> None:
    assert client.post("/mail/sns", data=body).status_code == 403


def test_a_body_that_is_too_long_is_refused(client: FlaskClient) -> None:
    assert client.post("/mail/sns", data=b"x" * 400_000).status_code == 413


def notification(amazon: Amazon, certificate_url: str) -> dict[str, str]:
    """A message that nobody signed, with its certificate there."""
    return {
        "Type": "Notification",
        "MessageId": "1",
        "TopicArn": amazon.topic_arn,
        "Message": "{}",
        "Timestamp": utc_now().isoformat(),
        "SignatureVersion": "2",
        "Signature": "AAAA",
        "SigningCertURL": certificate_url,
    }


URLS = [
    "http://127.0.0.1:{port}@evil.example/sns/cert.pem",
    "http://127.0.0.1:{port}.evil.example/sns/cert.pem",
    "http://127.0.0.1:{port}/sns/cert.pem?x=1",
    "http://127.0.0.1:{port}/sns/cert.pem#.pem",
    "http://127.0.0.1:{port}/?Action=Anything&x=.pem",
    "https://127.0.0.1:{port}/sns/cert.pem",
    "http://127.0.0.1:1/sns/cert.pem",
    "file:///etc/passwd.pem",
    "http://[/cert.pem",
    "//127.0.0.1:{port}/sns/cert.pem",
    "http://127.0.0.1:{port}\\@evil.example/cert.pem",
    "",
]


@pytest.mark.parametrize("url", URLS)
def test_a_certificate_is_fetched_from_sns_alone(
    client: FlaskClient, amazon: Amazon, url: str
) -> None:
    message = notification(amazon, url.format(port=amazon.port))

    assert client.post("/mail/sns", json=message).status_code == 403


def test_a_certificate_that_sns_does_not_have_is_a_forgery(
    client: FlaskClient, amazon: Amazon
) -> None:
    sns.forget()
    message = notification(amazon, f"{amazon.url}/sns/none.pem")

    assert client.post("/mail/sns", json=message).status_code == 403


def test_a_flood_of_unknown_certificates_is_fetched_once_a_second(
    client: FlaskClient, amazon: Amazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    sns.forget()
    # No slow machine outlasts this second.
    monkeypatch.setattr(sns, "APART_S", 600.0)
    urls = [f"{amazon.url}/sns/{number}.pem" for number in range(4)]

    statuses = [
        client.post("/mail/sns", json=notification(amazon, url)).status_code for url in urls
    ]

    # The others are put off: a genuine one among them comes again.
    assert statuses == [403, 503, 503, 503]
    sns.forget()


def test_what_sns_signed_is_believed_while_a_flood_is_put_off(
    alice: Addressee, amazon: Amazon, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert amazon.post("notify", event=event_of(alice))["statuses"] == [200]
    monkeypatch.setattr(sns, "APART_S", 600.0)
    monkeypatch.setattr(sns, "_asked_at", time.monotonic())

    assert amazon.post("notify", event=event_of(alice))["statuses"] == [200]


@pytest.mark.parametrize(
    "path",
    [
        *("/x.pem", "/SimpleNotificationService-.pem", "/SimpleNotificationService-xyz.pem"),
        *("/a/SimpleNotificationService-0a.pem", "/SimpleNotificationService-0a.pem?x=.pem"),
        *("/SimpleNotificationService-0a.pem\n", "/SimpleNotificationService-0A.pem"),
    ],
)
def test_outside_the_sandbox_only_a_certificates_own_path_is_fetched(
    client: FlaskClient, amazon: Amazon, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sns.forget()
    setup.configure(replace(setup.current(), sns_url=None))
    asked: list[str] = []
    monkeypatch.setattr(requests, "get", lambda url, **_: asked.append(url))
    message = notification(amazon, f"https://sns.us-east-1.amazonaws.com{path}")

    assert client.post("/mail/sns", json=message).status_code == 403
    assert asked == []


def test_outside_the_sandbox_sns_is_amazons_own_host_of_the_topics_region(
    client: FlaskClient, amazon: Amazon
) -> None:
    setup.configure(replace(setup.current(), sns_url=None))

    assert sns._origin(amazon.topic_arn) == "https://sns.us-east-1.amazonaws.com"


def test_only_a_confirmation_that_sns_signed_is_visited(
    client: FlaskClient, amazon: Amazon
) -> None:
    # The stand-in's subscription is confirmed: it sent a signed message, and we visited it.
    assert amazon.get("health")["confirmed"]
    visits = len(amazon.get("requests")["requests"])
    forged = {
        "Type": "SubscriptionConfirmation",
        "MessageId": "1",
        "TopicArn": amazon.topic_arn,
        "Message": "Please",
        "Token": "a",
        "SubscribeURL": f"{amazon.url}/v2/email/visited",
        "Timestamp": utc_now().isoformat(),
        "SignatureVersion": "2",
        "Signature": "AAAA",
        "SigningCertURL": f"{amazon.url}/sns/cert.pem",
    }

    assert client.post("/mail/sns", json=forged).status_code == 403
    assert len(amazon.get("requests")["requests"]) == visits


def test_without_a_topic_there_is_no_such_address(client: FlaskClient) -> None:
    setup.configure(replace(setup.current(), topic_arns=frozenset()))

    assert client.post("/mail/sns", data=b"{}").status_code == 404


def test_the_endpoint_answers_a_reader_with_a_refusal(client: FlaskClient, amazon: Amazon) -> None:
    assert client.get("/mail/sns").status_code == 405
    assert requests.get(f"{setup.current().app_url}/mail/nothing", timeout=5).status_code == 404
