"""The public addresses of a member's card: plain strings, no database. The same ones each time."""

from datetime import datetime, timedelta
from uuid import UUID

from loyalty.actions.following import Network
from wallet import setup
from wallet.links import (
    CardLink,
    ClickLink,
    FollowLink,
    Platform,
    ReferralLink,
    Target,
    make_click_token,
    make_follow_token,
    make_join_token,
    make_link_token,
    make_referral_token,
)

TILL_LINK_FOR = timedelta(hours=1)


def card_page_url(shop_id: int, member_id: UUID) -> str:
    """The customer's page."""
    settings = setup.current()
    token = make_link_token(CardLink(shop_id, member_id), settings.link_secret)
    return f"{settings.app_url}/card/{token}"


def till_page_url(shop_id: int, member_id: UUID, *, now: datetime) -> str:
    """What a cashier may show: a page that sends the card to its member, for an hour."""
    settings = setup.current()
    link = CardLink(shop_id, member_id, "till")
    token = make_link_token(link, settings.link_secret, expires_at=now + TILL_LINK_FOR)
    return f"{settings.app_url}/card/till/{token}"


def apple_pass_url(shop_id: int, member_id: UUID) -> str | None:
    """The .pkpass; None when this installation has no Apple certificate."""
    if setup.current().apple is None:
        return None
    return f"{card_page_url(shop_id, member_id)}/apple.pkpass"


def google_save_page_url(shop_id: int, member_id: UUID) -> str | None:
    """The way into Google Wallet; None when this installation has no Google issuer."""
    if not setup.has_google():
        return None
    return f"{card_page_url(shop_id, member_id)}/google"


def click_url(shop_id: int, member_id: UUID, *, platform: Platform, target: Target = "card") -> str:
    """An address that counts who opens it on `platform`, then leads to `target`."""
    settings = setup.current()
    token = make_click_token(ClickLink(shop_id, member_id, platform, target), settings.link_secret)
    return f"{settings.app_url}/go/{token}"


def follow_url(shop_id: int, member_id: UUID, network: Network) -> str:
    """An address that counts the first opening, then leads to the shop's page on the network."""
    settings = setup.current()
    token = make_follow_token(FollowLink(shop_id, member_id, network), settings.link_secret)
    return f"{settings.app_url}/go/follow/{token}"


def join_page_url(shop_id: int) -> str:
    """The public page on which anybody can join the shop's programme."""
    settings = setup.current()
    return f"{settings.app_url}/join/{make_join_token(shop_id, settings.link_secret)}"


def referral_url(shop_id: int, member_id: UUID) -> str:
    """The page on which a member's friends come to the shop."""
    settings = setup.current()
    token = make_referral_token(ReferralLink(shop_id, member_id), settings.link_secret)
    return f"{settings.app_url}/r/{token}"
