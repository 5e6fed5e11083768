"""What can go wrong between Shopify and us; `retryable` says whether trying again may help."""

from typing import Any


class ShopifyError(Exception):
    """Shopify did not do what we asked. The message names the fact, never a person or a token."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class LostAnswer(ShopifyError):
    """A mutation was sent and its answer never came whole: Shopify may have done it, or not."""


class NeedsReauth(ShopifyError):
    """No stored token of the shop works any more: only a visit of the merchant heals it."""


class DeadRefreshToken(ShopifyError):
    """Shopify refuses the refresh token for good."""


class RefusedSessionToken(ShopifyError):
    """Shopify refuses to exchange this session token: the browser must fetch a new one."""


class RefusedCode(ShopifyError):
    """Shopify does not take this authorization code: the merchant must begin again."""


class UserErrors(ShopifyError):
    """A mutation answered with userErrors; `errors` is their list as Shopify gave it."""

    def __init__(self, name: str, errors: list[dict[str, Any]]) -> None:
        codes = ", ".join(str(error.get("code") or error.get("field")) for error in errors)
        super().__init__(f"{name} answered userErrors: {codes}")
        self.errors = errors

    @property
    def codes(self) -> set[str]:
        """The machine-readable codes among the errors."""
        return {str(error["code"]) for error in self.errors if error.get("code")}


class InvalidSessionToken(Exception):
    """A session token that is not one of Shopify's for this app, now."""


class ShapeError(Exception):
    """A payload that lacks what we need; the message names the place, never the value."""


class NoHandler(Exception):
    """A topic that nothing of ours handles."""


class Ignored(Exception):
    """A webhook that is true but old news: nothing is to be done."""


class BadCallback(Exception):
    """A return from Shopify's grant page that is not genuine, current and asked for by us."""
