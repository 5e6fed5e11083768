"""What the wallet knows of its surroundings, set once per process by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty.members.tables import Member
from loyalty.privacy.documents import Held


@dataclass(frozen=True, slots=True)
class AppleSettings:
    """A Pass Type ID, the PEM files that sign for it, and where its pushes go.

    `apns_ca_file` is None for the system's authorities.
    """

    pass_type_id: str
    team_id: str
    cert_file: Path
    key_file: Path
    wwdr_file: Path
    apns_url: str = "https://api.push.apple.com"
    apns_ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class GoogleSettings:
    """An issuer account, the service account that acts for it, and where Google is.

    Addresses have no trailing slash. `callback_senders` are the sender ids that we take callbacks
    from: Google's pages name more than one.
    """

    issuer_id: str
    service_account_file: Path
    wallet_url: str = "https://walletobjects.googleapis.com"
    save_url: str = "https://pay.google.com/gp/v/save"
    keys_url: str = "https://pay.google.com/gp/m/issuer/keys"
    callback_senders: tuple[str, ...] = ("GooglePayPasses", "GoogleWalletPasses")


@dataclass(frozen=True, slots=True)
class WalletSettings:
    """`apple` is None when this installation has no Apple certificate: then no passes are made.

    `google` is None when it has no issuer account. `app_url` is our public address, without a
    trailing slash; `shop_url` gives the address of a shop's own site from its domain.
    `sends_email`: whether what a customer asks for by email can be sent. `hold` gathers all that
    is held of a member; None where nobody can ask for it. `reaches`: whether an email that the
    member asks for would be sent; None where nothing speaks against any.
    """

    app_url: str
    link_secret: bytes
    apple: AppleSettings | None
    google: GoogleSettings | None = None
    shop_url: Callable[[str], str] = "https://{}".format
    sends_email: bool = False
    hold: Callable[[Session, int, UUID], Held] | None = None
    reaches: Callable[[Session, Member], bool] | None = None


_settings: WalletSettings | None = None


def configure(settings: WalletSettings) -> None:
    """Set the settings of this process."""
    global _settings
    _settings = settings


def current() -> WalletSettings:
    """The settings of this process."""
    assert _settings is not None, "wallet.setup.configure() was not called"
    return _settings


def apple() -> AppleSettings:
    """Apple's part of the settings, where the caller knows that there is one."""
    settings = current().apple
    assert settings is not None, "no Apple certificate is configured"
    return settings


def google() -> GoogleSettings:
    """Google's part of the settings, where the caller knows that there is one."""
    settings = current().google
    assert settings is not None, "no Google issuer is configured"
    return settings


def reaches(session: Session, member: Member) -> bool:
    """Whether an email that the member asks for would be sent to them."""
    settings = current()
    if not settings.sends_email or not member.email_norm:
        return False
    return settings.reaches is None or settings.reaches(session, member)


def has_google() -> bool:
    """Whether cards can be saved to Google Wallet."""
    return _settings is not None and _settings.google is not None
