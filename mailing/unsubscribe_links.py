"""Signed unsubscribe links: what they name is in the link, and they are good for ever.

A link that we did not sign, or that was changed by one bit, reads as BadUnsubscribeLink.
"""

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from uuid import UUID

from mailing import setup
from mailing.addresses import HASH_BYTES
from mailing.errors import BadUnsubscribeLink

_VERSION = 1
_BODY = struct.Struct(f">BQ16s{HASH_BYTES}s")  # version, shop, member, hash of the address
_MAC_SIZE = 19  # 41 + 19 bytes are 80 characters without a spare bit to change unseen
_TOKEN_SIZE = (_BODY.size + _MAC_SIZE) * 4 // 3


@dataclass(frozen=True, slots=True)
class UnsubscribeLink:
    """Which address of which shop is to be left alone, and whose it was."""

    shop_id: int
    member_id: UUID
    address_hash: str


def unsubscribe_url(link: UnsubscribeLink) -> str:
    """The address that shows the button (GET) or unsubscribes at once (POST)."""
    return f"{setup.current().app_url}/mail/unsubscribe/{make_token(link)}"


def make_token(link: UnsubscribeLink) -> str:
    """80 URL-safe characters that name `link`; the same link gives the same token."""
    hashed = bytes.fromhex(link.address_hash)
    body = _BODY.pack(_VERSION, link.shop_id, link.member_id.bytes, hashed)
    return urlsafe_b64encode(body + _mac(body)).decode()


def read_token(token: str) -> UnsubscribeLink:
    """What `token` names. Raises BadUnsubscribeLink."""
    if len(token) != _TOKEN_SIZE or not token.isascii():
        raise BadUnsubscribeLink
    try:
        raw = urlsafe_b64decode(token)
    except ValueError as error:
        raise BadUnsubscribeLink from error
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    if not hmac.compare_digest(mac, _mac(body)):
        raise BadUnsubscribeLink
    version, shop_id, member, hashed = _BODY.unpack(body)
    if version != _VERSION:
        raise BadUnsubscribeLink
    return UnsubscribeLink(shop_id, UUID(bytes=member), hashed.hex())


def _mac(body: bytes) -> bytes:
    return hmac.digest(setup.current().key, b"encore unsubscribe link\0" + body, "sha256")[
        :_MAC_SIZE
    ]
