"""Signed links to a member's card: what they name is in the link, so nothing is stored for them.

A link that we did not sign, or that was changed by one bit, reads as BadLink.
"""

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from loyalty.actions.following import NETWORKS, Network
from wallet.errors import BadLink, ExpiredLink

Purpose = Literal["card", "till"]
Platform = Literal["apple", "google", "email", "page"]
Target = Literal["card", "shop"]
Kind = Literal["card", "click", "follow", "join", "referral", "till"]

# Part of tokens that are out in the world: only ever append.
_PURPOSES: dict[Kind, int] = {
    "card": 1,
    "click": 2,
    "follow": 3,
    "join": 4,
    "referral": 5,
    "till": 6,
}
_PLATFORMS: tuple[Platform, ...] = ("apple", "google", "email", "page")
_TARGETS: tuple[Target, ...] = ("card", "shop")
_VERSION = 1
_BODY = struct.Struct(">BBQ16sL")  # version, purpose, shop, member, expiry (0: never)
_CLICK_BODY = struct.Struct(">BBQ16sBB2x")  # version, purpose, shop, member, platform, target
_FOLLOW_BODY = struct.Struct(">BBQ16sB3x")  # version, purpose, shop, member, network
_MAC_SIZE = 18  # 30 + 18 bytes are 64 characters without a spare bit to change unseen
_TOKEN_SIZE = (_BODY.size + _MAC_SIZE) * 4 // 3


@dataclass(frozen=True, slots=True)
class CardLink:
    """Whose card a link opens, and what for: the card itself, or, for the till, to have it sent."""

    shop_id: int
    member_id: UUID
    purpose: Purpose = "card"


@dataclass(frozen=True, slots=True)
class ClickLink:
    """A link that counts: on which platform it stands, whose it is, and where it leads."""

    shop_id: int
    member_id: UUID
    platform: Platform
    target: Target = "card"


@dataclass(frozen=True, slots=True)
class FollowLink:
    """A link to the shop's page on a network, on whose card it stands."""

    shop_id: int
    member_id: UUID
    network: Network


@dataclass(frozen=True, slots=True)
class ReferralLink:
    """The link by which a member brings friends."""

    shop_id: int
    member_id: UUID


def make_link_token(link: CardLink, secret: bytes, *, expires_at: datetime | None = None) -> str:
    """64 URL-safe characters that name `link`; the same arguments give the same token."""
    expiry = int(expires_at.timestamp()) if expires_at else 0
    body = _BODY.pack(_VERSION, _PURPOSES[link.purpose], link.shop_id, link.member_id.bytes, expiry)
    return urlsafe_b64encode(body + _mac(body, secret)).decode()


def read_link_token(token: str, secret: bytes, *, purpose: Purpose, now: datetime) -> CardLink:
    """What `token` names. Raises BadLink, or ExpiredLink when it was good until a while ago."""
    body = _verified_body(token, secret)
    version, kind, shop_id, member, expiry = _BODY.unpack(body)
    if version != _VERSION or kind != _PURPOSES[purpose]:
        raise BadLink("a link for something else")
    if expiry and now >= datetime.fromtimestamp(expiry, UTC):
        raise ExpiredLink("the link's time is over")
    return CardLink(shop_id, UUID(bytes=member), purpose)


def make_click_token(link: ClickLink, secret: bytes) -> str:
    """64 URL-safe characters for `/go/<token>`; the same link gives the same token."""
    body = _CLICK_BODY.pack(
        _VERSION,
        _PURPOSES["click"],
        link.shop_id,
        link.member_id.bytes,
        _PLATFORMS.index(link.platform),
        _TARGETS.index(link.target),
    )
    return urlsafe_b64encode(body + _mac(body, secret)).decode()


def read_click_token(token: str, secret: bytes) -> ClickLink:
    """What `token` names. Raises BadLink."""
    unpacked = _CLICK_BODY.unpack(_verified_body(token, secret))
    version, kind, shop_id, member, platform, target = unpacked
    if version != _VERSION or kind != _PURPOSES["click"]:
        raise BadLink("a link for something else")
    return ClickLink(shop_id, UUID(bytes=member), _PLATFORMS[platform], _TARGETS[target])


def make_follow_token(link: FollowLink, secret: bytes) -> str:
    """64 URL-safe characters for `/go/follow/<token>`; the same link gives the same token."""
    network = NETWORKS.index(link.network)
    head = (_VERSION, _PURPOSES["follow"], link.shop_id, link.member_id.bytes)
    body = _FOLLOW_BODY.pack(*head, network)
    return urlsafe_b64encode(body + _mac(body, secret)).decode()


def read_follow_token(token: str, secret: bytes) -> FollowLink:
    """What `token` names. Raises BadLink."""
    unpacked = _FOLLOW_BODY.unpack(_verified_body(token, secret))
    version, kind, shop_id, member, network = unpacked
    if version != _VERSION or kind != _PURPOSES["follow"]:
        raise BadLink("a link for something else")
    return FollowLink(shop_id, UUID(bytes=member), NETWORKS[network])


def make_join_token(shop_id: int, secret: bytes) -> str:
    """64 URL-safe characters for a shop's page to join; always the same ones."""
    body = _BODY.pack(_VERSION, _PURPOSES["join"], shop_id, bytes(16), 0)
    return urlsafe_b64encode(body + _mac(body, secret)).decode()


def read_join_token(token: str, secret: bytes) -> int:
    """The shop whose page it is. Raises BadLink."""
    version, kind, shop_id, _, _ = _BODY.unpack(_verified_body(token, secret))
    if version != _VERSION or kind != _PURPOSES["join"]:
        raise BadLink("a link for something else")
    return int(shop_id)


def make_referral_token(link: ReferralLink, secret: bytes) -> str:
    """64 URL-safe characters for `/r/<token>`; the same member's are always the same."""
    head = (_VERSION, _PURPOSES["referral"], link.shop_id, link.member_id.bytes)
    body = _BODY.pack(*head, 0)
    return urlsafe_b64encode(body + _mac(body, secret)).decode()


def read_referral_token(token: str, secret: bytes) -> ReferralLink:
    """What `token` names. Raises BadLink."""
    version, kind, shop_id, member, _ = _BODY.unpack(_verified_body(token, secret))
    if version != _VERSION or kind != _PURPOSES["referral"]:
        raise BadLink("a link for something else")
    return ReferralLink(shop_id, UUID(bytes=member))


def _verified_body(token: str, secret: bytes) -> bytes:
    if len(token) != _TOKEN_SIZE or not token.isascii():
        raise BadLink("not a link token")
    try:
        raw = urlsafe_b64decode(token)
    except ValueError as error:
        raise BadLink("not a link token") from error
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    if not hmac.compare_digest(mac, _mac(body, secret)):
        raise BadLink("not signed by us")
    return body


def _mac(body: bytes, secret: bytes) -> bytes:
    # The prefix keeps other uses of the same secret apart from links.
    return hmac.digest(secret, b"encore card link\0" + body, "sha256")[:_MAC_SIZE]
