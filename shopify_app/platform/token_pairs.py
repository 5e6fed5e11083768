"""What Shopify grants: an access token and what renews it. Plain data, no network."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An offline token and what renews it; a lifetime is None where Shopify names none.

    `granted_at` is when Shopify's own clock says that it was granted, if it said so.
    """

    access_token: str
    expires_in_s: int | None
    refresh_token: str | None
    refresh_expires_in_s: int | None
    scopes: str
    granted_at: datetime | None = None
