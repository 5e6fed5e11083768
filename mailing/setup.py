"""What email knows of its surroundings, set once per process by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class CardLinks:
    """Ready-made addresses of a member's card; None for a wallet that is not configured."""

    page: str
    apple: str | None
    google: str | None


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The sender, Amazon's part, and the way to a member's card.

    `sender` is the address that emails come from, empty where this installation sends none.
    `app_url` is our public address, without a trailing slash. `ses_url` and `sns_url` are None
    for AWS itself. `key` signs unsubscribe links and keys the hashes of addresses.
    """

    sender: str
    region: str
    app_url: str
    key: bytes
    card_links: Callable[[int, UUID], CardLinks]
    ses_url: str | None = None
    configuration_set: str | None = None
    topic_arns: frozenset[str] = frozenset()
    sns_url: str | None = None


_settings: MailSettings | None = None


def configure(settings: MailSettings) -> None:
    """Set the settings of this process."""
    global _settings
    _settings = settings


def is_on() -> bool:
    """Whether this installation can send emails."""
    return _settings is not None and bool(_settings.sender)


def current() -> MailSettings:
    """The settings of this process."""
    assert _settings is not None, "mailing.setup.configure() was not called"
    return _settings
