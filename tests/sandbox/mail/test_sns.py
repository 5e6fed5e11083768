"""The stand-in's SNS signs as AWS documents it, and reaches only who has confirmed."""

import base64
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from flask import Flask, request
from werkzeug.serving import make_server

from tests.mailing.stand_in import Amazon, amazon_running

# https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
CONFIRMATION = (
    *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
)


class Listener:
    """A server that SNS posts to: keeps what came, answers with `status`."""

    def __init__(self) -> None:
        self.came: list[dict[str, Any]] = []
        self.statuses: list[int] = []
        app = Flask("listener", static_folder=None)
        app.post("/mail/sns")(self._take)
        self.server = make_server("127.0.0.1", 0, app, threaded=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def _take(self) -> tuple[str, int]:
        self.came.append(json.loads(request.get_data()))
        return "", self.statuses.pop(0) if self.statuses else 200

    def of(self, kind: str) -> list[dict[str, Any]]:
        """What came of one type."""
        return [message for message in self.came if message["Type"] == kind]


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Somebody who listens."""
    listener = Listener()
    yield listener
    listener.server.shutdown()
    listener.thread.join()
    listener.server.server_close()


@pytest.fixture
def amazon(listener: Listener, tmp_path: Path) -> Iterator[Amazon]:
    """A stand-in that has asked the listener to confirm."""
    url = f"http://127.0.0.1:{listener.server.server_port}"
    with amazon_running(tmp_path, url) as amazon:
        while not listener.of("SubscriptionConfirmation"):
            threading.Event().wait(0.05)
        yield amazon


@pytest.fixture
def confirmed(amazon: Amazon, listener: Listener) -> Amazon:
    """The same, once the listener has visited the address it was sent."""
    requests.get(listener.of("SubscriptionConfirmation")[-1]["SubscribeURL"], timeout=5)
    amazon.wait(confirmed=True)
    return amazon


def verify(amazon: Amazon, message: dict[str, Any], names: tuple[str, ...]) -> None:
    """Raise unless the message is signed as AWS documents it."""
    assert message["SigningCertURL"] == f"{amazon.url}/sns/cert.pem"
    pem = requests.get(message["SigningCertURL"], timeout=5).content
    key = x509.load_pem_x509_certificate(pem).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    told = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    algorithm = {"1": hashes.SHA1(), "2": hashes.SHA256()}[message["SignatureVersion"]]
    key.verify(base64.b64decode(message["Signature"]), told.encode(), padding.PKCS1v15(), algorithm)


def test_nothing_reaches_who_has_not_confirmed(amazon: Amazon, listener: Listener) -> None:
    amazon.post("notify", text="hello")

    assert listener.of("Notification") == []
    verify(amazon, listener.of("SubscriptionConfirmation")[0], CONFIRMATION)


def test_a_token_that_was_not_sent_confirms_nothing(amazon: Amazon) -> None:
    address = f"{amazon.url}/?Action=ConfirmSubscription&TopicArn={amazon.topic_arn}&Token=guess"

    assert requests.get(address, timeout=5).status_code == 400
    assert not amazon.get("health")["confirmed"]


@pytest.mark.parametrize("version", ["1", "2"])
def test_notifications_are_signed(confirmed: Amazon, listener: Listener, version: str) -> None:
    confirmed.put("settings", signature_version=version)

    confirmed.post("notify", text="Grüße\nund mehr")

    (message,) = listener.of("Notification")
    assert (message["SignatureVersion"], message["Message"]) == (version, "Grüße\nund mehr")
    verify(confirmed, message, NOTIFICATION)


def test_a_server_error_is_tried_again_and_a_refusal_is_not(
    confirmed: Amazon, listener: Listener
) -> None:
    listener.statuses = [500, 503]
    assert confirmed.post("notify", text="one")["statuses"] == [200]
    listener.statuses = [403]
    assert confirmed.post("notify", text="two")["statuses"] == [403]

    came = listener.of("Notification")
    assert [message["Message"] for message in came] == ["one", "one", "one", "two"]
    assert len({message["MessageId"] for message in came}) == 2
