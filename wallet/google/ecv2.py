"""Google's signed messages, ECv2SigningOnly: a root key signs a key that signs the message.

Nothing of a message is believed before both signatures are good; lengths are counted in bytes.
https://developers.google.com/pay/api/web/guides/resources/payment-data-cryptography (read
2026-11-22)
"""

import binascii
import json
from base64 import b64decode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

PROTOCOL = "ECv2SigningOnly"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_MAX = 253_402_300_800_000  # the year 10000


class Forged(Exception):
    """A message that Google did not sign for us, or whose time is over."""


class UnknownRootKey(Forged):
    """No root key that we know made the first signature; Google may have a new one."""


@dataclass(frozen=True, slots=True)
class RootKey:
    """A public key of Google's, base64 of its DER, good until `expires_at`."""

    value: str
    expires_at: datetime


def read_message(
    body: bytes,
    root_keys: Sequence[RootKey],
    *,
    senders: Iterable[str],
    recipient: str,
    now: datetime,
) -> dict[str, Any]:
    """The message in `body`, if one of `senders` signed it for `recipient`. Raises Forged."""
    envelope = _object(body)
    if envelope.get("protocolVersion") != PROTOCOL:
        raise Forged("another protocol")
    intermediate = envelope.get("intermediateSigningKey")
    if not isinstance(intermediate, dict):
        raise Forged("no intermediate key")
    signed_key, message = _text(intermediate, "signedKey"), _text(envelope, "signedMessage")
    signatures = _signatures(intermediate.get("signatures"))
    sender = _signer(signed_key, signatures, _good(root_keys, now), senders)
    key = _object(signed_key.encode())
    if moment(key.get("keyExpiration")) <= now:
        raise Forged("the intermediate key's time is over")
    signature = _base64(_text(envelope, "signature"))
    signed = signed_bytes(sender, recipient, PROTOCOL, message)
    if not _is_signed(_public_key(_text(key, "keyValue")), signature, signed):
        raise Forged("the message is not signed by the intermediate key")
    return _object(message.encode())


def read_root_keys(body: bytes) -> list[RootKey]:
    """The keys for this protocol in Google's list. Raises Forged if it cannot be read."""
    listed = _object(body).get("keys")
    if not isinstance(listed, list):
        raise Forged("no list of keys")
    return [
        RootKey(_text(key, "keyValue"), moment(key.get("keyExpiration")))
        for key in listed
        if isinstance(key, dict) and key.get("protocolVersion") == PROTOCOL
    ]


def signed_bytes(*parts: str) -> bytes:
    """What a signature is over: each part behind its length in bytes, 4 of them, little-endian."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "little") + part for part in encoded)


def moment(milliseconds: object) -> datetime:
    """A time in milliseconds since 1970, given as a number or in digits. Raises Forged."""
    text = str(milliseconds) if isinstance(milliseconds, int | str) else ""
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise Forged("not a time")
    if int(text) >= _MILLISECONDS_MAX:
        raise Forged("not a time")
    return _EPOCH + timedelta(milliseconds=int(text))


def _good(root_keys: Sequence[RootKey], now: datetime) -> list[ec.EllipticCurvePublicKey]:
    return [_public_key(key.value) for key in root_keys if key.expires_at > now]


def _signer(
    signed_key: str,
    signatures: list[bytes],
    root_keys: list[ec.EllipticCurvePublicKey],
    senders: Iterable[str],
) -> str:
    """The sender whose intermediate key a root key signed."""
    for sender in senders:
        signed = signed_bytes(sender, PROTOCOL, signed_key)
        for key in root_keys:
            if any(_is_signed(key, signature, signed) for signature in signatures):
                return sender
    raise UnknownRootKey("the intermediate key is not signed by a root key")


def _is_signed(key: ec.EllipticCurvePublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _signatures(listed: object) -> list[bytes]:
    if not isinstance(listed, list) or not 0 < len(listed) <= 8:
        raise Forged("no signatures of the intermediate key")
    return [_base64(text) for text in listed]


def _public_key(text: str) -> ec.EllipticCurvePublicKey:
    try:
        key = load_der_public_key(_base64(text))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Forged("not a key") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Forged("not a key of the right curve")
    return key


def _base64(text: object) -> bytes:
    if not isinstance(text, str):
        raise Forged("not base64")
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Forged("not base64") from error


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise Forged(f"no {name}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Forged(f"an unreadable {name}") from error
    return value


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Forged("not JSON") from error
    if not isinstance(content, dict):
        raise Forged("not a JSON object")
    return content
