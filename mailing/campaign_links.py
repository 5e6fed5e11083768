"""The signed link in a campaign's email: which campaign, and whose it is. Good for ever.

A link that we did not sign, or that was changed by one bit, reads as BadCampaignLink.
"""

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from uuid import UUID

from mailing import setup
from mailing.errors import BadCampaignLink

_VERSION = 1
_BODY = struct.Struct(">BQ16s16s")  # version, shop, campaign, member
_MAC_SIZE = 19  # 41 + 19 bytes are 80 characters without a spare bit to change unseen
_TOKEN_SIZE = (_BODY.size + _MAC_SIZE) * 4 // 3


@dataclass(frozen=True, slots=True)
class CampaignLink:
    """Whose link of which campaign it is."""

    shop_id: int
    campaign_id: UUID
    member_id: UUID


def campaign_url(link: CampaignLink) -> str:
    """The address that counts a click and leads to where the campaign says."""
    return f"{setup.current().app_url}/mail/go/{make_token(link)}"


def make_token(link: CampaignLink) -> str:
    """80 URL-safe characters that name `link`; the same link gives the same token."""
    body = _BODY.pack(_VERSION, link.shop_id, link.campaign_id.bytes, link.member_id.bytes)
    return urlsafe_b64encode(body + _mac(body)).decode()


def read_token(token: str) -> CampaignLink:
    """What `token` names. Raises BadCampaignLink."""
    if len(token) != _TOKEN_SIZE or not token.isascii():
        raise BadCampaignLink
    try:
        raw = urlsafe_b64decode(token)
    except ValueError as error:
        raise BadCampaignLink from error
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    if not hmac.compare_digest(mac, _mac(body)):
        raise BadCampaignLink
    version, shop_id, campaign, member = _BODY.unpack(body)
    if version != _VERSION:
        raise BadCampaignLink
    return CampaignLink(shop_id, UUID(bytes=campaign), UUID(bytes=member))


def _mac(body: bytes) -> bytes:
    key = setup.current().key
    return hmac.digest(key, b"encore campaign link\0" + body, "sha256")[:_MAC_SIZE]
