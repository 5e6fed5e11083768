"""A customer as Shopify tells it, whichever way it came. Plain values; nothing is stored here."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """`updated_at` is None when the sender gave only part of the customer (an order's)."""

    customer_id: int
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    has_account: bool
    has_verified_email: bool
    address: dict[str, Any] | None
    customer_since: datetime | None
    updated_at: datetime | None


def normalise_email(email: str | None) -> str:
    """Trimmed, lower case, NFC; empty when there is none."""
    return unicodedata.normalize("NFC", (email or "").strip().lower())
