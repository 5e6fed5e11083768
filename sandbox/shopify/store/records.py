"""The records of people and goods. `id` is the bare number; `gid` is how the Admin API names it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import ClassVar


@dataclass
class Record:
    """Anything with an id of its own."""

    typename: ClassVar[str] = ""
    id: int

    @property
    def gid(self) -> str:
        """`gid://shopify/Customer/7001`."""
        return f"gid://shopify/{self.typename}/{self.id}"


@dataclass
class Consent:
    """A marketing consent. `state` is lower case: not_subscribed, pending, subscribed, …"""

    state: str = "not_subscribed"
    opt_in_level: str | None = None
    updated_at: datetime | None = None
    collected_from: str | None = None


@dataclass
class Address(Record):
    """A customer's postal address."""

    typename: ClassVar[str] = "MailingAddress"
    first_name: str | None
    last_name: str | None
    address1: str | None
    city: str | None
    province: str | None
    province_code: str | None
    zip: str | None
    country: str
    country_code: str
    phone: str | None = None
    address2: str | None = None
    company: str | None = None

    @property
    def name(self) -> str:
        """First and last name in one."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)


@dataclass
class Customer(Record):
    """A customer record; `email` and `phone` may both be missing."""

    typename: ClassVar[str] = "Customer"
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    created_at: datetime
    updated_at: datetime
    state: str = "DISABLED"
    note: str | None = None
    locale: str = "en"
    verified_email: bool = True
    tax_exempt: bool = False
    data_sale_opt_out: bool = False
    tags: list[str] = field(default_factory=list)
    addresses: list[Address] = field(default_factory=list)
    email_consent: Consent = field(default_factory=Consent)
    sms_consent: Consent = field(default_factory=Consent)

    @property
    def default_address(self) -> Address | None:
        """The first address, if there is one."""
        return self.addresses[0] if self.addresses else None

    @property
    def display_name(self) -> str:
        """The name, else the email, else the phone number."""
        name = " ".join(part for part in (self.first_name, self.last_name) if part)
        return name or self.email or self.phone or ""


@dataclass
class Variant(Record):
    """One buyable form of a product."""

    typename: ClassVar[str] = "ProductVariant"
    product_id: int
    title: str
    sku: str
    price: Decimal
    created_at: datetime
    updated_at: datetime
    position: int = 1
    inventory_quantity: int = 50
    taxable: bool = True


@dataclass
class Product(Record):
    """A product; a gift card is a product too."""

    typename: ClassVar[str] = "Product"
    title: str
    handle: str
    vendor: str
    product_type: str
    created_at: datetime
    updated_at: datetime
    status: str = "ACTIVE"
    is_gift_card: bool = False
    tags: list[str] = field(default_factory=list)
    variant_ids: list[int] = field(default_factory=list)


@dataclass
class Collection(Record):
    """A hand-picked group of products."""

    typename: ClassVar[str] = "Collection"
    title: str
    handle: str
    updated_at: datetime
    product_ids: list[int] = field(default_factory=list)


@dataclass
class Location(Record):
    """A place that sells. Online orders have none."""

    typename: ClassVar[str] = "Location"
    name: str
    address1: str
    city: str
    province: str | None
    province_code: str | None
    zip: str
    country: str
    country_code: str
    latitude: float
    longitude: float
    phone: str | None
    created_at: datetime
    updated_at: datetime
    is_active: bool = True
    fulfills_online_orders: bool = True


@dataclass
class StaffMember(Record):
    """Somebody who works in the store's admin or at its till."""

    typename: ClassVar[str] = "StaffMember"
    first_name: str
    last_name: str
    email: str
    account_owner: bool = False

    @property
    def name(self) -> str:
        """First and last name in one."""
        return f"{self.first_name} {self.last_name}"
