"""What Shopify grants: an access token and what renews it. Plain data, no network."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An offline token and what renews it; a lifetime is None where Shopify names none."""

    access_token: str
    expires_in_s: int | None
    refresh_token: str | None
    refresh_expires_in_s: int | None
    scopes: str
