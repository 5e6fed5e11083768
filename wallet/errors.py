"""Failures of the wallet's outside world; `retryable` says whether trying again can help."""

from loyalty.base.errors import LoyaltyError


class ApplePassError(Exception):
    """Apple, or our certificate for Apple, kept a pass from being signed or delivered."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class GoogleWalletError(Exception):
    """Google Wallet refused or could not be reached; `was_refused` if no phone spoke."""

    def __init__(self, message: str, *, retryable: bool = False, was_refused: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.was_refused = was_refused


class PushRefused(LoyaltyError):
    """A text that would not be heard on the member's phones; the message says why."""

    code = "push_refused"


class BadLink(Exception):
    """A card link that we did not sign."""


class ExpiredLink(Exception):
    """A card link that we signed and whose time is over."""
