"""A customer as Shopify tells it, whichever way it came. Plain values; nothing is stored here."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    """What a customer said to marketing. `channel`: email or sms; `state`: as members' are, or
    WITHDRAWN.
    """

    channel: str
    state: str
    said_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """`updated_at` is None when the sender gave only part of the customer (an order's).

    `consents`: what the customer said to marketing, where the sender tells it. `locale`: the
    language they shop in, as Shopify writes it (`pt-BR`); None when it is not told.
    """

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
    locale: str | None = None
    consents: tuple[ConsentFacts, ...] = ()


def normalise_email(email: str | None) -> str:
    """Trimmed, lower case, NFC; empty when there is none."""
    return unicodedata.normalize("NFC", (email or "").strip().lower())
