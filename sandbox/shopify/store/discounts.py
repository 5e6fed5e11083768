"""Discount codes, metafields, store credit and gift cards: what an app writes into a store."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from .records import Record


@dataclass
class RedeemCode(Record):
    """One code of a discount."""

    typename: ClassVar[str] = "DiscountRedeemCode"
    code: str
    usage_count: int = 0


@dataclass
class Discount(Record):
    """A code discount: an amount or a percentage off, or free shipping.

    `kind` is DiscountCodeBasic or DiscountCodeFreeShipping; `gets` and
    `minimum` keep the app's input as it came; no `customer_ids` means all buyers.
    """

    typename: ClassVar[str] = "DiscountCodeNode"
    kind: str
    title: str
    starts_at: datetime
    ends_at: datetime | None
    created_at: datetime
    updated_at: datetime
    usage_limit: int | None = None
    applies_once_per_customer: bool = False
    gets: dict[str, Any] = field(default_factory=dict)
    minimum: dict[str, Any] | None = None
    combines_with: dict[str, bool] = field(default_factory=dict)
    customer_ids: list[int] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    codes: list[RedeemCode] = field(default_factory=list)
    used_by: list[int | None] = field(default_factory=list)

    def status(self, now: datetime) -> str:
        """ACTIVE, EXPIRED or SCHEDULED."""
        if self.ends_at and self.ends_at <= now:
            return "EXPIRED"
        return "SCHEDULED" if self.starts_at > now else "ACTIVE"

    def find_code(self, code: str) -> RedeemCode | None:
        """The code, whatever its case."""
        return next((c for c in self.codes if c.code.lower() == code.lower()), None)


@dataclass
class BulkCreationCode:
    """One code that is to be added in bulk: then it has a redeem code, or errors."""

    typename: ClassVar[str] = "DiscountRedeemCodeBulkCreationCode"
    code: str
    redeem_code: RedeemCode | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class BulkCreation(Record):
    """Codes on their way to a discount."""

    typename: ClassVar[str] = "DiscountRedeemCodeBulkCreation"
    discount_id: int
    created_at: datetime
    wanted: list[BulkCreationCode]
    done: bool = False


@dataclass
class Job(Record):
    """Something that Shopify does aside."""

    typename: ClassVar[str] = "Job"
    done: bool = False


@dataclass
class Metafield(Record):
    """A value that an app keeps on a record. `namespace` is the full one, never `$app:`."""

    typename: ClassVar[str] = "Metafield"
    owner_gid: str
    namespace: str
    key: str
    type: str
    value: str
    created_at: datetime
    updated_at: datetime

    @property
    def compare_digest(self) -> str:
        """What a compare-and-set must name."""
        return hashlib.sha256(f"{self.type}:{self.value}".encode()).hexdigest()


@dataclass
class CreditTransaction(Record):
    """Store credit given."""

    typename: ClassVar[str] = "StoreCreditAccountCreditTransaction"
    account_id: int
    amount: Decimal
    balance_after: Decimal
    created_at: datetime
    expires_at: datetime | None = None


@dataclass
class DebitTransaction(CreditTransaction):
    """Store credit taken; its amount is negative."""

    typename: ClassVar[str] = "StoreCreditAccountDebitTransaction"


@dataclass
class CreditAccount(Record):
    """A customer's store credit in one currency."""

    typename: ClassVar[str] = "StoreCreditAccount"
    customer_id: int
    currency: str
    balance: Decimal
    transactions: list[CreditTransaction] = field(default_factory=list)


@dataclass
class ApiSubscription(Record):
    """A webhook subscription that the app made through the Admin API."""

    typename: ClassVar[str] = "WebhookSubscription"
    topic: str  # orders/paid
    uri: str
    created_at: datetime
    name: str | None = None
    filter: str | None = None
    include_fields: list[str] = field(default_factory=list)
    failures: int = 0


@dataclass
class BulkOperation(Record):
    """An asynchronous query over everything, or a mutation for each line of a file."""

    typename: ClassVar[str] = "BulkOperation"
    query: str
    created_at: datetime
    status: str = "CREATED"
    error_code: str | None = None
    completed_at: datetime | None = None
    object_count: int = 0
    root_object_count: int = 0
    file_size: int | None = None
    file_name: str | None = None
    partial_file_name: str | None = None
    group_objects: bool = False
    type: str = "QUERY"
