"""Google's signed messages: what is believed and what is not."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from loyalty.base.clock import utc_now
from sandbox.google.signing import Keyring
from wallet.google.ecv2 import (
    Forged,
    RootKey,
    UnknownRootKey,
    moment,
    read_message,
    read_root_keys,
)

ISSUER = "3388000000022195801"
MESSAGE = {"eventType": "save", "nonce": "n"}


@pytest.fixture(scope="module")
def keys() -> Keyring:
    return Keyring()


def roots(keys: Keyring) -> list[RootKey]:
    return read_root_keys(json.dumps(keys.public_keys()).encode())


def read(
    envelope: Any,
    keys: Keyring,
    *,
    senders: tuple[str, ...] = ("GoogleWalletPasses", "GooglePayPasses"),
    recipient: str = ISSUER,
) -> dict[str, Any]:
    body = envelope if isinstance(envelope, bytes) else json.dumps(envelope).encode()
    return read_message(body, roots(keys), senders=senders, recipient=recipient, now=utc_now())


def test_genuine_message_is_read(keys: Keyring) -> None:
    assert read(keys.sign(MESSAGE, ISSUER), keys) == MESSAGE


@pytest.mark.parametrize("nonce", ["ñandú", "東京", "🎁", "é" * 100])
def test_genuine_message_beyond_ascii_is_read(keys: Keyring, nonce: str) -> None:
    message = MESSAGE | {"nonce": nonce}

    assert read(keys.sign(message, ISSUER), keys) == message


def test_message_for_another_issuer_is_refused(keys: Keyring) -> None:
    with pytest.raises(Forged):
        read(keys.sign(MESSAGE, "3388000000000000000"), keys)


def test_message_of_another_sender_is_refused(keys: Keyring) -> None:
    with pytest.raises(Forged):
        read(keys.sign(MESSAGE, ISSUER), keys, senders=("Google",))


def test_keys_of_another_root_are_refused(keys: Keyring) -> None:
    with pytest.raises(UnknownRootKey):
        read(Keyring().sign(MESSAGE, ISSUER), keys)


def test_message_signed_by_another_intermediate_key_is_refused(keys: Keyring) -> None:
    envelope = keys.sign(MESSAGE, ISSUER)
    envelope["signature"] = Keyring().sign(MESSAGE, ISSUER)["signature"]

    with pytest.raises(Forged, match="not signed by the intermediate key"):
        read(envelope, keys)


def test_intermediate_key_whose_time_is_over_is_refused(keys: Keyring) -> None:
    with pytest.raises(Forged, match="time is over"):
        read(keys.sign(MESSAGE, ISSUER, key_lives_s=-1), keys)


def test_root_key_whose_time_is_over_is_refused(keys: Keyring) -> None:
    [good] = roots(keys)
    over = RootKey(good.value, utc_now() - timedelta(seconds=1))
    body = json.dumps(keys.sign(MESSAGE, ISSUER)).encode()

    with pytest.raises(UnknownRootKey):
        read_message(body, [over], senders=("GooglePayPasses",), recipient=ISSUER, now=utc_now())


def _set(name: str, value: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda envelope: envelope | {name: value}


def _set_key(name: str, value: Any) -> Callable[[dict[str, Any]], Any]:
    def change(envelope: dict[str, Any]) -> Any:
        key = envelope["intermediateSigningKey"] | {name: value}
        return envelope | {"intermediateSigningKey": key}

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda envelope: b"",
        lambda envelope: b"\xff\xfe",
        lambda envelope: b"[" * 8000,
        lambda envelope: [],
        lambda envelope: {},
        _set("protocolVersion", "ECv2"),
        _set("protocolVersion", "ECv1"),
        _set("signature", ""),
        _set("signature", "not base64!"),
        _set("signature", 7),
        _set("signedMessage", '{"eventType": "del", "nonce": "n"}'),
        _set("signedMessage", {"eventType": "save"}),
        _set("signedMessage", "\ud800"),
        _set("intermediateSigningKey", None),
        _set_key("signatures", []),
        _set_key("signatures", "abc"),
        _set_key("signatures", ["AAAA"] * 9),
        _set_key("signedKey", "{}"),
        _set_key("signedKey", 7),
    ],
)
def test_changed_envelope_is_refused(
    keys: Keyring, change: Callable[[dict[str, Any]], Any]
) -> None:
    with pytest.raises(Forged):
        read(change(keys.sign(MESSAGE, ISSUER)), keys)


@pytest.mark.parametrize("value", [None, True, 1.5, -1, "", "12x", "٣", 10**15, "9" * 30, []])
def test_time_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(Forged):
        moment(value)


def test_times_come_as_numbers_and_as_digits() -> None:
    assert moment(1_700_000_000_123) == moment("1700000000123")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"keys": [{"keyValue": 1}]}'])
def test_list_of_keys_that_cannot_be_read(body: bytes) -> None:
    if b"keyValue" in body:
        assert read_root_keys(body) == []  # another protocol's key is not ours to judge
    else:
        with pytest.raises(Forged):
            read_root_keys(body)
