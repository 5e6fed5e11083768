"""Writes a pass row as a signed .pkpass, only when someone fetches it. One revision, one card."""

from collections import OrderedDict
from functools import lru_cache
from pathlib import Path
from threading import Lock
from uuid import UUID

from loyalty.base.clock import utc_now
from wallet import setup
from wallet.apple.models import Barcode, Location, Pass, StoreCard
from wallet.apple.pkpass import Artwork
from wallet.apple.signing import load_signer
from wallet.card_links import click_url
from wallet.content import Content
from wallet.notices import Kind
from wallet.rewards_on_card import NOTHING
from wallet.tables import WalletPass

_CACHED_PASSES = 256
_IMAGES = ("icon.png", "icon@2x.png", "icon@3x.png", "logo.png", "logo@2x.png", "logo@3x.png")
_DARK_GREEN, _CREAM, _SAND = "rgb(18, 59, 58)", "rgb(255, 246, 229)", "rgb(190, 205, 190)"

_NEAR_M = 300
"""How near the lock screen suggests the card; Apple takes its own radius if that is smaller."""

_cache: OrderedDict[tuple[int, UUID, int, Kind | None], bytes] = OrderedDict()
_lock = Lock()


def signed_pass(card: WalletPass, loud: Kind | None = None) -> bytes:
    """The .pkpass of the card's present revision; only a change of `loud` will notify.

    Raises ApplePassError if our certificate cannot sign it.
    """
    key = (card.shop_id, card.id, card.revision, loud)
    with _lock:
        if key in _cache:
            _cache.move_to_end(key)
            return _cache[key]
    settings = setup.apple()
    signer = load_signer(settings.cert_file, settings.key_file, settings.wwdr_file)
    written = apple_pass(card, loud).create(signer, utc_now(), default_artwork())
    with _lock:
        _cache[key] = written
        if len(_cache) > _CACHED_PASSES:
            _cache.popitem(last=False)
    return written


def apple_pass(card: WalletPass, loud: Kind | None = None) -> Pass:
    """The pass as Apple's models describe it; see `signed_pass`."""
    settings, content = setup.current(), card.content
    void = bool(content["voided"])
    return Pass(
        _store_card(card, loud),
        passTypeIdentifier=card.pass_type_id,
        organizationName=content["organization"],
        teamIdentifier=setup.apple().team_id,
        serialNumber=card.serial,
        description=f"{content['programme']} card",
        authenticationToken=card.authentication_token,
        webServiceURL=f"{settings.app_url}/passkit/{card.shop_id}",
        logoText=content["organization"],
        foregroundColor=_CREAM,
        backgroundColor=_DARK_GREEN,
        labelColor=_SAND,
        locations=_locations(content),
        maxDistance=_NEAR_M if content.get("locations") else None,
        barcode=None if void else Barcode(content["token"], altText=content["short_code"]),
        voided=void,
    )


@lru_cache(maxsize=1)
def default_artwork() -> Artwork:
    """Our own mark, for shops that have not uploaded theirs."""
    folder = Path(__file__).parent / "images"
    return Artwork({name: (folder / name).read_bytes() for name in _IMAGES})


def _store_card(row: WalletPass, loud: Kind | None) -> StoreCard:
    content = row.content
    points = content["points_name"]
    card = StoreCard()
    balance = card.addPrimaryField("balance", content["balance"], points)
    if loud == "balance":
        balance.changeMessage = f"Your balance is now %@ {points}"
    if content.get("tier"):
        tier = card.addHeaderField("tier", content["tier"], "Tier")
        if loud == "tier":
            tier.changeMessage = "Your tier is now %@"
    if not content["voided"]:
        card.addSecondaryField("name", content["name"], "Member")
        card.addSecondaryField("member_since", content["member_since"], "Member since")
        _add_reward(card, content, loud)
        _add_message(card, content, loud)
        address = click_url(row.shop_id, row.home_member_id or row.member_id, platform="apple")
        card.addBackField("link", address, "Your card online")
    card.addBackField("programme", content["programme"], "Programme")
    card.addBackField("terms", _terms(content), "Terms")
    return card


def _add_reward(card: StoreCard, content: Content, loud: Kind | None) -> None:
    """The field stands there even when nothing is in reach: a phone speaks of what changes."""
    if not content.get("reward"):
        return
    reward = card.addAuxiliaryField("reward", content["reward"], "In reach")
    if loud == "reward":
        reward.changeMessage = "You can now redeem %@"


def _add_message(card: StoreCard, content: Content, loud: Kind | None) -> None:
    """It stands there even when the shop says nothing: a field that appears is no change to iOS."""
    message = card.addBackField("message", content.get("message", NOTHING), "News")
    if loud == "marketing":
        message.changeMessage = "%@"


def _locations(content: Content) -> list[Location]:
    # Degrees are the one place for floats: Apple wants numbers there.
    return [
        Location(
            float(place["latitude"]),
            float(place["longitude"]),
            f"{content['organization']}, {place['name']}: your card is at hand",
        )
        for place in content.get("locations", [])
    ]


def _terms(content: Content) -> str:
    return (
        f"{content['programme']} is run by {content['organization']}. Show the code at the till "
        f"to be recognised. {content['points_name'].capitalize()} have no cash value."
    )
