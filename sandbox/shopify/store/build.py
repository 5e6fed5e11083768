"""Makes orders out of a wish: prices, discounts spread over the lines, taxes, payment.

The parts of every spread sum up to the whole, to the cent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from . import totals
from .money import ZERO, money
from .orders import Allocation, DiscountApplication, Order, OrderLine, TaxLine, Transaction
from .shop import Shop


@dataclass
class LineSpec:
    """A wished line: a product, or a title with a price of its own."""

    product_id: int | None = None
    variant_id: int | None = None
    title: str | None = None
    price: Decimal | None = None
    quantity: int = 1
    is_gift_card: bool | None = None
    discount: Decimal = ZERO
    taxable: bool = True
    sku: str | None = None


@dataclass
class OrderSpec:
    """A wished order. `applications` are order-level discounts, spread over the lines."""

    customer_id: int | None = None
    lines: list[LineSpec] = field(default_factory=list)
    applications: list[DiscountApplication] = field(default_factory=list)
    source_name: str = "web"
    location_id: int | None = None
    user_id: int | None = None
    shipping: Decimal = ZERO
    tip: Decimal = ZERO
    test: bool = False
    taxes_included: bool | None = None
    tax_rate: Decimal | None = None
    note: str | None = None
    email: str | None = None
    tags: list[str] = field(default_factory=list)


def build_order(shop: Shop, spec: OrderSpec, *, at: datetime) -> Order:
    """An unpaid order, not yet in the shop's table."""
    customer = shop.find("Customer", spec.customer_id)
    order_id = shop.next_id("Order")
    included = shop.taxes_included if spec.taxes_included is None else spec.taxes_included
    order = Order(
        id=order_id,
        number=1000 + len(shop.all("Order")) + 1,
        customer_id=spec.customer_id,
        email=spec.email or (customer.email if customer else None),
        phone=customer.phone if customer else None,
        currency=shop.currency,
        created_at=at,
        processed_at=at,
        updated_at=at,
        source_name=spec.source_name,
        location_id=spec.location_id,
        user_id=spec.user_id,
        taxes_included=included,
        test=spec.test,
        note=spec.note,
        tags=list(spec.tags),
        shipping=spec.shipping,
        tip=spec.tip,
        applications=list(spec.applications),
    )
    order.lines = [build_line(shop, order, line) for line in spec.lines]
    for index, application in enumerate(spec.applications):
        spread_discount(order, application, index)
    rate = Decimal(shop.tax_rate) if spec.tax_rate is None else spec.tax_rate
    for line in order.lines:
        add_tax(shop, line, rate, included=included)
    return order


def build_line(shop: Shop, order: Order, spec: LineSpec) -> OrderLine:
    """A line without taxes yet; a discount of its own becomes an application of the order."""
    variant = shop.find("ProductVariant", spec.variant_id)
    product = shop.find("Product", variant.product_id if variant else spec.product_id)
    if product and not variant:
        variant = shop.find("ProductVariant", product.variant_ids[0])
    is_gift_card = spec.is_gift_card
    if is_gift_card is None:
        is_gift_card = bool(product and product.is_gift_card)
    price = spec.price if spec.price is not None else (variant.price if variant else ZERO)
    line = OrderLine(
        id=shop.next_id("LineItem"),
        title=spec.title or (product.title if product else "Custom item"),
        price=money(price),
        quantity=spec.quantity,
        product_id=product.id if product else None,
        variant_id=variant.id if variant else None,
        sku=spec.sku or (variant.sku if variant else None),
        vendor=product.vendor if product else None,
        is_gift_card=is_gift_card,
        requires_shipping=not is_gift_card,
        taxable=spec.taxable and not is_gift_card,
    )
    if spec.discount > 0:
        given = DiscountApplication(
            None, "Line discount", spec.discount, "fixed_amount", "one", "explicit"
        )
        order.applications.append(given)
        line.allocations.append(Allocation(spec.discount, len(order.applications) - 1))
    return line


def spread_discount(order: Order, application: DiscountApplication, index: int) -> None:
    """Put a discount on the lines it fits, one after another; gift cards are never discounted."""
    if application.target_type == "shipping_line":
        order.shipping_discount = order.shipping
        return
    lines = [line for line in order.lines if application.fits(line) and line.net > 0]
    if application.is_off_each_item:
        _discount_each(lines, application, index)
    else:
        _spread(lines, application, index)


def add_tax(shop: Shop, line: OrderLine, rate: Decimal, *, included: bool) -> None:
    """Put the shop's tax on a line: on top of its price, or the part that is inside it."""
    if not line.taxable or rate == 0:
        return
    amount = line.net * rate / (1 + rate) if included else line.net * rate
    line.tax_lines.append(TaxLine(shop.tax_title, rate, money(amount)))


def pay(shop: Shop, order: Order, at: datetime) -> Transaction:
    """Take the outstanding money, so that the order is paid."""
    gateway = "cash" if order.source_name == "pos" else "shopify_payments"
    payment = Transaction(
        shop.next_id("OrderTransaction"),
        order.id,
        "sale",
        totals.outstanding(order),
        gateway,
        at,
    )
    order.transactions.append(payment)
    order.updated_at = at
    return payment


def _discount_each(lines: list[OrderLine], application: DiscountApplication, index: int) -> None:
    """The amount is off every unit; a unit that costs less is free, and nothing is carried over."""
    for line in lines:
        part = min(application.value * line.quantity, line.net)
        line.allocations.append(Allocation(part, index))


def _spread(lines: list[OrderLine], application: DiscountApplication, index: int) -> None:
    """The amount, or the percentage of all of them, is split by what the lines cost."""
    basis = sum((line.net for line in lines), ZERO)
    if application.value_type == "percentage":
        left = money(basis * application.value / 100)
    else:
        left = min(application.value, basis)
    for line in lines:
        # The last line takes what rounding left over, so that the parts sum up.
        part = money(left * line.net / basis) if basis else ZERO
        part = left if line is lines[-1] else part
        basis -= line.net
        left -= part
        if part:
            line.allocations.append(Allocation(part, index))
