"""An order and its refunds as Shopify tells them, in minor units of shop money."""

from dataclasses import dataclass
from datetime import datetime

from loyalty.members.addresses import email_mark
from loyalty.members.facts import CustomerFacts


@dataclass(frozen=True, slots=True)
class LineFacts:
    """Amounts are for the whole ordered `quantity`; included tax is 0 where prices are net.

    `tax_minor`: the tax on the line, included in its price or not.
    """

    line_id: int
    title: str
    product_id: int | None
    quantity: int
    current_quantity: int
    gross_minor: int
    discount_minor: int
    included_tax_minor: int
    is_gift_card: bool
    is_tip: bool
    tax_minor: int = 0

    @property
    def basis_minor(self) -> int:
        """What the line counts for: gift cards and tips count nothing."""
        if self.is_gift_card or self.is_tip:
            return 0
        return max(0, self.gross_minor - self.discount_minor - self.included_tax_minor)


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """A discount code that an order carries, upper case: a code in any case is one code.

    `amount_minor`: what it took off, shipping included; `lines`: (line, what it took off it).
    """

    code: str
    amount_minor: int
    lines: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """`money_minor`: what came back without any line, shipping apart; `lines`: (line, quantity).

    `shipping_minor`: shipping that came back, with its tax.
    """

    refund_id: int
    order_id: int
    created_at: datetime
    money_minor: int
    lines: tuple[tuple[int, int], ...]
    shipping_minor: int = 0


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """`total_minor`: what was to pay; `current_total_minor`: less refunds and gift cards.

    `shipping_minor`: shipping less its discounts and included tax; `shipping_tax_minor`: the
    tax on it, included or not. `ship_to`: the mark of the address that it goes to, if any.
    `paid_at`: by when it was paid, as far as this news can tell; None while it is not.
    `email`: what an order without a customer was sent to, normalised; empty of any other.
    """

    order_id: int
    name: str
    customer: CustomerFacts | None
    customer_id: int | None
    currency: str
    taxes_included: bool
    is_test: bool
    is_paid: bool
    source_name: str | None
    location_id: int | None
    total_minor: int
    current_total_minor: int
    created_at: datetime
    processed_at: datetime
    cancelled_at: datetime | None
    updated_at: datetime
    lines: tuple[LineFacts, ...]
    refunds: tuple[RefundFacts, ...]
    shipping_minor: int = 0
    shipping_tax_minor: int = 0
    ship_to: str | None = None
    codes: tuple[CodeFacts, ...] = ()
    paid_at: datetime | None = None
    email: str = ""

    @property
    def email_mark(self) -> str | None:
        """By what the address is known again; see loyalty.members.addresses."""
        return email_mark(self.email)
