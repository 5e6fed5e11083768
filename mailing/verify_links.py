"""Signed links that prove an email address: whose it is and until when stands in the link.

A link that we did not sign, or that was changed by one bit, reads as BadVerifyLink.
"""

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from mailing import setup
from mailing.addresses import HASH_BYTES
from mailing.errors import BadVerifyLink, VerifyLinkExpired

GOOD_FOR = timedelta(days=7)

_VERSION = 1
_BODY = struct.Struct(f">BQ16s{HASH_BYTES}sL")  # version, shop, member, address's hash, expiry
_MAC_SIZE = 18  # 45 + 18 bytes are 84 characters without a spare bit to change unseen
_TOKEN_SIZE = (_BODY.size + _MAC_SIZE) * 4 // 3


@dataclass(frozen=True, slots=True)
class VerifyLink:
    """Which address a link proves, and whose it is."""

    shop_id: int
    member_id: UUID
    address_hash: str


def verify_url(shop_id: int, member_id: UUID, address_hash: str, *, asked_at: datetime) -> str:
    """The address that shows the button (GET) or confirms (POST), for a week from `asked_at`."""
    link = VerifyLink(shop_id, member_id, address_hash)
    token = make_token(link, expires_at=asked_at + GOOD_FOR)
    return f"{setup.current().app_url}/mail/verify/{token}"


def make_token(link: VerifyLink, *, expires_at: datetime) -> str:
    """84 URL-safe characters that name `link`; the same arguments give the same token."""
    hashed, expiry = bytes.fromhex(link.address_hash), int(expires_at.timestamp())
    body = _BODY.pack(_VERSION, link.shop_id, link.member_id.bytes, hashed, expiry)
    return urlsafe_b64encode(body + _mac(body)).decode()


def read_token(token: str, *, now: datetime) -> VerifyLink:
    """What `token` names. Raises BadVerifyLink, or VerifyLinkExpired when its time is over."""
    if len(token) != _TOKEN_SIZE or not token.isascii():
        raise BadVerifyLink
    try:
        raw = urlsafe_b64decode(token)
    except ValueError as error:
        raise BadVerifyLink from error
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    if not hmac.compare_digest(mac, _mac(body)):
        raise BadVerifyLink
    version, shop_id, member, hashed, expiry = _BODY.unpack(body)
    if version != _VERSION:
        raise BadVerifyLink
    if now >= datetime.fromtimestamp(expiry, UTC):
        raise VerifyLinkExpired
    return VerifyLink(shop_id, UUID(bytes=member), hashed.hex())


def _mac(body: bytes) -> bytes:
    key = setup.current().key
    return hmac.digest(key, b"encore verify link\0" + body, "sha256")[:_MAC_SIZE]
