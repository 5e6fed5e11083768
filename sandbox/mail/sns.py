"""An SNS of our own making: one topic, one subscriber over HTTP, and messages signed as AWS does.

Notifications reach only an endpoint that has visited the address it was sent for that.
https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import base64
import json
import threading
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.mail.store import Store

# AWS tries again at once, then slower and slower; never after a refusal (4xx but 429).
# https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
RETRY_WAITS_S = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 20.0, 20.0)
CONFIRM_EVERY_S = 1.0

_SIGNED = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn")
_HASHES: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}
MUTATIONS = (
    *("tampered", "foreign_key", "foreign_host", "other_topic", "old", "future"),
    *("unsigned", "unknown_version", "redirected_certificate"),
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to hand a message to the subscriber; `status` is None without an answer."""

    at: str
    type: str
    message_id: str
    status: int | None


class Sns:
    """One topic. `origin` is where its certificate is, `endpoint` who listens."""

    def __init__(
        self,
        store: Store,
        *,
        topic_arn: str,
        origin: str,
        endpoint: str,
        key: rsa.RSAPrivateKey,
    ) -> None:
        self._store, self._key = store, key
        self.topic_arn, self.origin, self.endpoint = topic_arn, origin, endpoint
        self.signature_version = "2"
        self.log: list[Delivery] = []
        self._tokens: set[str] = set()
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="sns")
        self._stopping = threading.Event()

    def start(self) -> None:
        """Ask the endpoint to confirm, again and again until it has."""
        threading.Thread(target=self._subscribe, name="subscribe", daemon=True).start()

    def stop(self) -> None:
        """Send nothing more."""
        self._stopping.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def confirm(self, token: str) -> bool:
        """The endpoint came to the address; False for a token that we did not send."""
        if token not in self._tokens:
            return False
        self._store.confirm(self.endpoint)
        return True

    def publish(self, text: str, *, times: int = 1) -> tuple[str, "list[Future[int | None]]"]:
        """Send `text` to the subscriber, `times` times over; returns SNS's id of it."""
        message = self.message("Notification", text)
        if not self._store.is_confirmed(self.endpoint):
            self._note(message, None)
            return message["MessageId"], []
        sent = [self._pool.submit(self._deliver, message) for _ in range(times)]
        return message["MessageId"], sent

    def post_mutated(self, text: str, mutation: str) -> int | None:
        """Send one notification that is wrong on purpose, once; returns the answer's status."""
        return self._post(_mutate(self, self.message("Notification", text), mutation))

    def message(self, kind: str, text: str, **more: str) -> dict[str, str]:
        """A signed message."""
        message = {
            "Type": kind,
            "MessageId": str(uuid.uuid4()),
            "TopicArn": self.topic_arn,
            "Message": text,
            "Timestamp": _now(),
            "SignatureVersion": self.signature_version,
            "SigningCertURL": f"{self.origin}/sns/cert.pem",
            **more,
        }
        return self.sign(message, self._key)

    def sign(self, message: dict[str, str], key: rsa.RSAPrivateKey) -> dict[str, str]:
        """`message` with a signature of `key`."""
        names = [name for name in _SIGNED if name in message] + ["Type"]
        told = "".join(f"{name}\n{message[name]}\n" for name in names).encode()
        algorithm = _HASHES[message["SignatureVersion"]]
        signature = key.sign(told, padding.PKCS1v15(), algorithm)
        return message | {"Signature": base64.b64encode(signature).decode()}

    def confirmation(self) -> dict[str, str]:
        """The message that asks the endpoint to confirm its subscription."""
        token = uuid.uuid4().hex * 4
        self._tokens.add(token)
        address = f"{self.origin}/?Action=ConfirmSubscription&TopicArn={quote(self.topic_arn)}"
        return self.message(
            "SubscriptionConfirmation",
            f"You have chosen to subscribe to the topic {self.topic_arn}.",
            Token=token,
            SubscribeURL=f"{address}&Token={token}",
        )

    def _subscribe(self) -> None:
        while not self._stopping.is_set() and not self._store.is_confirmed(self.endpoint):
            self._post(self.confirmation())
            self._stopping.wait(CONFIRM_EVERY_S)

    def _deliver(self, message: dict[str, str]) -> int | None:
        status = None
        for wait_s in RETRY_WAITS_S:
            if self._stopping.wait(wait_s):
                break
            status = self._post(message)
            if status is not None and status < 500 and status != 429:
                break
        return status

    def _post(self, message: dict[str, str]) -> int | None:
        headers = {
            "x-amz-sns-message-type": message["Type"],
            "x-amz-sns-message-id": message["MessageId"],
            "x-amz-sns-topic-arn": message["TopicArn"],
            "Content-Type": "text/plain; charset=UTF-8",
            "User-Agent": "Amazon Simple Notification Service Agent",
        }
        try:
            answer = requests.post(
                self.endpoint,
                data=json.dumps(message).encode(),
                headers=headers,
                timeout=15,
                allow_redirects=False,
            )
            status: int | None = answer.status_code
        except requests.RequestException:
            status = None
        self._note(message, status)
        return status

    def _note(self, message: dict[str, str], status: int | None) -> None:
        self.log.append(Delivery(_now(), message["Type"], message["MessageId"], status))
        del self.log[:-1000]


def _mutate(sns: Sns, message: dict[str, str], mutation: str) -> dict[str, str]:
    """`message`, wrong in one way; signed again where the signature is not what is wrong."""
    foreign = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    changed: dict[str, Any] = {
        "tampered": {"Message": message["Message"] + " "},
        "foreign_host": {
            "SigningCertURL": sns.origin.replace("127.0.0.1", "localhost") + "/sns/cert.pem"
        },
        "redirected_certificate": {"SigningCertURL": f"{sns.origin}/sns/moved.pem"},
        "other_topic": {"TopicArn": sns.topic_arn + "-of-others"},
        "old": {"Timestamp": _now(-timedelta(days=1, minutes=1))},
        "future": {"Timestamp": _now(timedelta(hours=1))},
        "unsigned": {"Signature": ""},
        "unknown_version": {"SignatureVersion": "3"},
    }.get(mutation, {})
    if mutation == "foreign_key":
        return sns.sign(message, foreign)
    whole = message | changed
    if mutation in ("other_topic", "old", "future", "foreign_host", "redirected_certificate"):
        return sns.sign(whole, sns._key)
    return whole


def _now(offset: timedelta = timedelta()) -> str:
    moment = datetime.now(UTC) + offset
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def wait_for(sent: "list[Future[int | None]]", seconds: float) -> list[int | None]:
    """The statuses of deliveries, each waited for until `seconds` are over."""
    deadline = time.monotonic() + seconds
    return [future.result(max(0.1, deadline - time.monotonic())) for future in sent]
