"""Messages of Amazon SNS, believed only when SNS itself signed them for one of our topics.

Certificates and confirmations are fetched from SNS's own origin alone, never by a redirect.
"""

import base64
import binascii
import json
import re
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import requests
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from mailing import setup
from mailing.errors import ForgedMessage, SnsUnreachable

AGE_MAX = timedelta(days=1)
AHEAD_MAX = timedelta(minutes=15)
TIMEOUT_S = 5
APART_S = 1.0
"""Between two certificates that we do not know: a flood of forgeries must not hold every thread.
"""

# https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html (read 2026-11-22)
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}
_SIGNED["UnsubscribeConfirmation"] = _SIGNED["SubscriptionConfirmation"]
_HASHES: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}
_MESSAGE_ID = re.compile(r"[A-Za-z0-9-]{1,100}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}")
_CERTIFICATE_PATH = re.compile(r"/SimpleNotificationService-[0-9a-f]+\.pem")
_CERTIFICATES_MAX = 16
_CERTIFICATE_BYTES_MAX = 20_000
_COME_AGAIN = (408, 429)

_lock = threading.Lock()
_certificates: dict[str, x509.Certificate] = {}
_asked_at: float | None = None


@dataclass(frozen=True, slots=True)
class SnsMessage:
    """What SNS says. `subscribe_url` is only there when a subscription waits to be confirmed."""

    type: str
    message_id: str
    topic_arn: str
    sent_at: datetime
    text: str
    subscribe_url: str | None


def read_message(body: bytes, *, now: datetime) -> SnsMessage:
    """The message in `body`. Raises ForgedMessage, or SnsUnreachable without its certificate."""
    fields = _fields(body)
    origin = _origin(fields["TopicArn"])
    sent_at = _sent_at(fields, now)
    certificate = _certificate(fields.get("SigningCertURL", ""), origin, now)
    _verify(fields, certificate)
    subscribe_url = None
    if fields["Type"] == "SubscriptionConfirmation":
        subscribe_url = fields["SubscribeURL"]
        if not _is_at(subscribe_url, origin):
            raise ForgedMessage("a confirmation somewhere else")
    return SnsMessage(
        type=fields["Type"],
        message_id=fields["MessageId"],
        topic_arn=fields["TopicArn"],
        sent_at=sent_at,
        text=fields["Message"],
        subscribe_url=subscribe_url,
    )


def confirm(message: SnsMessage) -> None:
    """Visit the address that begins the subscription. Raises SnsUnreachable."""
    assert message.subscribe_url is not None
    _get(message.subscribe_url)


def forget() -> None:
    """Fetch each certificate anew, the first one at once."""
    global _asked_at
    with _lock:
        _certificates.clear()
        _asked_at = None


def _fields(body: bytes) -> dict[str, str]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ForgedMessage("no JSON") from error
    if not isinstance(found, dict):
        raise ForgedMessage("no object")
    fields = {name: value for name, value in found.items() if isinstance(value, str)}
    wanted = _SIGNED.get(fields.get("Type", ""))
    if wanted is None:
        raise ForgedMessage("no type that we know")
    if any(name not in fields for name in wanted if name != "Subject"):
        raise ForgedMessage("a part is missing")
    if not _MESSAGE_ID.fullmatch(fields["MessageId"]):
        raise ForgedMessage("no message id")
    return fields


def _origin(topic_arn: str) -> str:
    """Where SNS keeps the certificates of this topic's region; the topic must be one of ours."""
    settings = setup.current()
    if topic_arn not in settings.topic_arns:
        raise ForgedMessage("not a topic of ours")
    if settings.sns_url:
        return settings.sns_url.rstrip("/")
    partition, _, region = topic_arn.split(":")[1:4]
    if not _REGION.fullmatch(region):
        raise ForgedMessage("a topic without a region")
    suffix = "com.cn" if partition == "aws-cn" else "com"
    return f"https://sns.{region}.amazonaws.{suffix}"


def _sent_at(fields: dict[str, str], now: datetime) -> datetime:
    try:
        sent_at = datetime.fromisoformat(fields["Timestamp"])
    except ValueError as error:
        raise ForgedMessage("no time") from error
    if sent_at.tzinfo is None or not now - AGE_MAX <= sent_at <= now + AHEAD_MAX:
        raise ForgedMessage("too old, or from the future")
    return sent_at


def _certificate(url: str, origin: str, now: datetime) -> x509.Certificate:
    if not _is_at(url, origin) or not _is_certificates(url.removeprefix(origin)):
        raise ForgedMessage("a certificate from somewhere else")
    with _lock:
        known = _certificates.get(url)
    if known is None or not _is_valid(known, now):
        _wait_a_moment()
        known = _fetch_certificate(url)
        if not _is_valid(known, now):
            raise ForgedMessage("a certificate out of its time")
        _keep(url, known)
    return known


def _is_at(url: str, origin: str) -> bool:
    if not url.isascii() or not url.isprintable() or "\\" in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return f"{parts.scheme}://{parts.netloc}" == origin


def _is_certificates(path: str) -> bool:
    """A path alone: SNS also answers calls, and those say what their caller likes."""
    if setup.current().sns_url:
        return path.endswith(".pem") and "?" not in path and "#" not in path
    return _CERTIFICATE_PATH.fullmatch(path) is not None


def _wait_a_moment() -> None:
    """Let one certificate a second through; SNS comes again with what we put off."""
    global _asked_at
    now = time.monotonic()
    with _lock:
        if _asked_at is not None and now < _asked_at + APART_S:
            raise SnsUnreachable("an unknown certificate was fetched a moment ago")
        _asked_at = now


def _is_valid(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def _fetch_certificate(url: str) -> x509.Certificate:
    content = _get(url, refusal=ForgedMessage)
    try:
        return x509.load_pem_x509_certificate(content[:_CERTIFICATE_BYTES_MAX])
    except ValueError as error:
        raise ForgedMessage("no certificate") from error


def _keep(url: str, certificate: x509.Certificate) -> None:
    with _lock:
        if len(_certificates) >= _CERTIFICATES_MAX:
            _certificates.clear()
        _certificates[url] = certificate


def _get(url: str, *, refusal: type[Exception] = SnsUnreachable) -> bytes:
    """What stands there. Raises `refusal` when SNS says that there is nothing."""
    try:
        answer = requests.get(url, timeout=TIMEOUT_S, allow_redirects=False)
    except requests.RequestException as error:
        raise SnsUnreachable(type(error).__name__) from error
    if answer.status_code != 200:
        is_refused = 400 <= answer.status_code < 500 and answer.status_code not in _COME_AGAIN
        raise (refusal if is_refused else SnsUnreachable)(f"status {answer.status_code}")
    return answer.content


def _verify(fields: dict[str, str], certificate: x509.Certificate) -> None:
    algorithm = _HASHES.get(fields.get("SignatureVersion", ""))
    key = certificate.public_key()
    if algorithm is None or not isinstance(key, rsa.RSAPublicKey):
        raise ForgedMessage("a signature that we do not know")
    try:
        signature = base64.b64decode(fields.get("Signature", ""), validate=True)
        key.verify(signature, _told(fields), padding.PKCS1v15(), algorithm)
    except (binascii.Error, ValueError, InvalidSignature) as error:
        raise ForgedMessage("not signed by SNS") from error


def _told(fields: dict[str, str]) -> bytes:
    names = [name for name in _SIGNED[fields["Type"]] if name in fields]
    try:
        return "".join(f"{name}\n{fields[name]}\n" for name in names).encode()
    except UnicodeEncodeError as error:  # half a surrogate pair
        raise ForgedMessage("not UTF-8") from error
