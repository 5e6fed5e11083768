"""A shop and its tables. All access happens under the world's lock."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from .discounts import Discount, Metafield
from .orders import Order
from .records import Address, Customer, Record, StaffMember


@dataclass
class Shop(Record):
    """One merchant's store: what it is, whether our app is installed, and all its records."""

    typename: ClassVar[str] = "Shop"
    domain: str
    name: str
    email: str
    owner_name: str
    currency: str
    timezone: str
    taxes_included: bool
    tax_title: str
    tax_rate: str
    address: Address
    phone: str
    created_at: datetime
    is_installed: bool = False
    granted_scopes: list[str] = field(default_factory=list)
    staff: list[StaffMember] = field(default_factory=list)
    tables: dict[str, dict[int, Any]] = field(default_factory=dict)
    _counters: dict[str, int] = field(default_factory=dict)

    @property
    def handle(self) -> str:
        """`aurora` of `aurora.myshopify.com`."""
        return self.domain.partition(".")[0]

    def next_id(self, typename: str) -> int:
        """A number that no record of this type in any shop has."""
        self._counters[typename] = self._counters.get(typename, self.id * 100) + 1
        return self._counters[typename]

    def add(self, record: Any) -> Any:
        """Put a record into its table and hand it back."""
        self.tables.setdefault(record.typename, {})[record.id] = record
        return record

    def remove(self, record: Record) -> None:
        """Forget a record."""
        self.tables.get(record.typename, {}).pop(record.id, None)

    def all(self, typename: str) -> list[Any]:
        """Every record of a type, oldest first."""
        return list(self.tables.get(typename, {}).values())

    def find(self, typename: str, record_id: int | None) -> Any:
        """A record by its number, or None."""
        if record_id is None:
            return None
        return self.tables.get(typename, {}).get(record_id)

    def find_gid(self, gid: str) -> Any:
        """A record by its gid, or None; malformed ids name nothing."""
        typename, _, number = gid.removeprefix("gid://shopify/").partition("/")
        if typename == "Shop":
            return self if number == str(self.id) else None
        number = number.partition("?")[0]
        aliases = {"DiscountNode": "DiscountCodeNode", "CustomerAddress": "MailingAddress"}
        record_id = int(number) if number.isdigit() else None
        return self.find(aliases.get(typename, typename), record_id)

    def customer_by(self, *, email: str | None = None, phone: str | None = None) -> Customer | None:
        """The customer with this email (any case) or phone."""
        for customer in self.all("Customer"):
            if email and (customer.email or "").lower() == email.lower():
                return customer
            if phone and customer.phone == phone:
                return customer
        return None

    def orders_of(self, customer_id: int) -> list[Order]:
        """A customer's orders, oldest first."""
        return [order for order in self.all("Order") if order.customer_id == customer_id]

    def discount_by_code(self, code: str) -> Discount | None:
        """The discount that owns a code."""
        return next((d for d in self.all("DiscountCodeNode") if d.find_code(code)), None)

    def metafields_of(self, owner_gid: str) -> list[Metafield]:
        """What apps keep on a record."""
        return [m for m in self.all("Metafield") if m.owner_gid == owner_gid]

    def metafield(self, owner_gid: str, namespace: str, key: str) -> Metafield | None:
        """One metafield by its owner, full namespace and key."""
        fields = self.metafields_of(owner_gid)
        return next((m for m in fields if (m.namespace, m.key) == (namespace, key)), None)

    def refunds(self) -> list[Any]:
        """Every refund of the shop."""
        return list(itertools.chain.from_iterable(order.refunds for order in self.all("Order")))
