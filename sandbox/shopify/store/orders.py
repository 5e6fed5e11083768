"""Orders, their lines, refunds and payments, and the arithmetic of an order's totals.

Amounts stored on a line are for its original quantity; `current` figures
are what is left after refunds and edits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from .money import ZERO, share
from .records import Record


@dataclass
class Allocation:
    """The part of a discount that a line carries; the index names the order's application."""

    amount: Decimal
    application_index: int


@dataclass
class TaxLine:
    """One tax on a line, for the line's original quantity. `rate` is a fraction: 0.19."""

    title: str
    rate: Decimal
    amount: Decimal


@dataclass
class DiscountApplication:
    """How an order was discounted: by a code, or by hand at the till (then `code` is None).

    `allocation_method`: an amount is split `across` the lines, or off `each` item, every unit.
    `product_ids` and `variant_ids` are what an entitled one is for; none of them means all goods.
    """

    code: str | None
    title: str
    value: Decimal
    value_type: str  # fixed_amount | percentage
    allocation_method: str = "across"
    target_selection: str = "all"
    target_type: str = "line_item"
    product_ids: list[int] = field(default_factory=list)
    variant_ids: list[int] = field(default_factory=list)

    @property
    def is_off_each_item(self) -> bool:
        """Whether every unit becomes cheaper by the whole amount."""
        return self.value_type == "fixed_amount" and self.allocation_method == "each"

    def fits(self, line: OrderLine) -> bool:
        """Whether it takes something off this line."""
        if self.target_type != "line_item" or line.is_gift_card:
            return False
        if not (self.product_ids or self.variant_ids):
            return True
        return line.product_id in self.product_ids or line.variant_id in self.variant_ids


@dataclass
class OrderLine(Record):
    """A line of an order."""

    typename: ClassVar[str] = "LineItem"
    title: str
    price: Decimal
    quantity: int
    product_id: int | None = None
    variant_id: int | None = None
    variant_title: str | None = None
    sku: str | None = None
    vendor: str | None = None
    is_gift_card: bool = False
    requires_shipping: bool = True
    taxable: bool = True
    refunded_quantity: int = 0
    removed_quantity: int = 0
    allocations: list[Allocation] = field(default_factory=list)
    tax_lines: list[TaxLine] = field(default_factory=list)

    @property
    def current_quantity(self) -> int:
        """Units neither refunded nor edited away."""
        return self.quantity - self.refunded_quantity - self.removed_quantity

    @property
    def gross(self) -> Decimal:
        """Price × quantity, before discounts."""
        return self.price * self.quantity

    @property
    def discount(self) -> Decimal:
        """All discounts on the line, the order's share among them."""
        return sum((a.amount for a in self.allocations), ZERO)

    @property
    def net(self) -> Decimal:
        """What the line costs after discounts (with its tax where prices include it)."""
        return self.gross - self.discount

    @property
    def tax(self) -> Decimal:
        """All taxes of the original quantity."""
        return sum((t.amount for t in self.tax_lines), ZERO)

    def current(self, total: Decimal) -> Decimal:
        """The part of a line total that the remaining units carry."""
        return share(total, self.current_quantity, self.quantity)


@dataclass
class Transaction(Record):
    """A payment (`sale`) or its return (`refund`); all of them succeeded."""

    typename: ClassVar[str] = "OrderTransaction"
    order_id: int
    kind: str
    amount: Decimal
    gateway: str
    created_at: datetime
    parent_id: int | None = None


@dataclass
class RefundLine(Record):
    """Units of a line given back. `subtotal` is after discounts."""

    typename: ClassVar[str] = "RefundLineItem"
    line_id: int
    quantity: int
    subtotal: Decimal
    tax: Decimal
    restock_type: str = "no_restock"


@dataclass
class Refund(Record):
    """A refund. Money alone may go back: then `lines` is empty and `adjustment` says how much."""

    typename: ClassVar[str] = "Refund"
    order_id: int
    created_at: datetime
    note: str | None = None
    lines: list[RefundLine] = field(default_factory=list)
    adjustment: Decimal = ZERO
    shipping: Decimal = ZERO
    transactions: list[Transaction] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        """The money that went back."""
        return sum((t.amount for t in self.transactions), ZERO)


@dataclass
class Order(Record):
    """An order of a shop; `customer_id` is None for a guest at the till."""

    typename: ClassVar[str] = "Order"
    number: int
    customer_id: int | None
    email: str | None
    currency: str
    created_at: datetime
    processed_at: datetime
    updated_at: datetime
    source_name: str = "web"
    location_id: int | None = None
    user_id: int | None = None
    taxes_included: bool = False
    test: bool = False
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    closed_at: datetime | None = None
    note: str | None = None
    phone: str | None = None
    tags: list[str] = field(default_factory=list)
    lines: list[OrderLine] = field(default_factory=list)
    applications: list[DiscountApplication] = field(default_factory=list)
    shipping: Decimal = ZERO
    shipping_discount: Decimal = ZERO
    tip: Decimal = ZERO
    transactions: list[Transaction] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    edited: bool = False

    @property
    def name(self) -> str:
        """`#1001`."""
        return f"#{self.number}"

    @property
    def shipping_application(self) -> int | None:
        """Which application made the shipping cheaper."""
        kinds = [application.target_type for application in self.applications]
        return kinds.index("shipping_line") if self.shipping_discount else None

    @property
    def discount_codes(self) -> list[str]:
        """Codes that the buyer entered; a discount by hand leaves none."""
        return [a.code for a in self.applications if a.code]

    def line(self, line_id: int) -> OrderLine | None:
        """The line with this id."""
        return next((line for line in self.lines if line.id == line_id), None)
