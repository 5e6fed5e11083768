"""Customers as they lie on the desk, under the names of their columns."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(slots=True)
class CustomerSheet:
    """A customer in memory. `is_changed`: what was told is still to be written."""

    customer_id: int
    member_id: UUID | None
    deleted_at: datetime | None
    redacted_at: datetime | None
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    address: dict[str, Any] | None
    has_account: bool
    has_verified_email: bool
    email_norm: str
    shopify_updated_at: datetime | None
    customer_since: datetime | None
    locale: str | None = None
    shop_id: int = 0
    is_changed: bool = False
