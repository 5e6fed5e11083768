"""The totals of an order, original and current, in shop money."""

from __future__ import annotations

from decimal import Decimal

from .money import ZERO
from .orders import Order


def line_items_price(order: Order) -> Decimal:
    """Σ price × quantity."""
    return sum((line.gross for line in order.lines), ZERO)


def discounts(order: Order) -> Decimal:
    """Σ of all discount allocations, that on shipping among them."""
    return _on_lines(order) + order.shipping_discount


def subtotal(order: Order) -> Decimal:
    """Goods after discounts, before shipping; taxes are inside when prices include them."""
    return line_items_price(order) - _on_lines(order)


def tax(order: Order) -> Decimal:
    """Σ of the lines' taxes."""
    return sum((line.tax for line in order.lines), ZERO)


def total(order: Order) -> Decimal:
    """What the order came to when it was placed."""
    added_tax = ZERO if order.taxes_included else tax(order)
    return subtotal(order) + paid_shipping(order) + order.tip + added_tax


def paid_shipping(order: Order) -> Decimal:
    """What shipping came to after its discount."""
    return order.shipping - order.shipping_discount


def current_discounts(order: Order) -> Decimal:
    """Discounts on the units that remain, and on the shipping."""
    on_lines = sum((line.current(line.discount) for line in order.lines), ZERO)
    return on_lines + order.shipping_discount


def current_subtotal(order: Order) -> Decimal:
    """Goods after discounts, refunds and edits. Money given back without goods does not count."""
    return sum((line.current(line.net) for line in order.lines), ZERO)


def current_tax(order: Order) -> Decimal:
    """Taxes on the units that remain."""
    return sum((line.current(line.tax) for line in order.lines), ZERO)


def current_shipping(order: Order) -> Decimal:
    """Shipping that was not refunded."""
    return paid_shipping(order) - sum((refund.shipping for refund in order.refunds), ZERO)


def current_total(order: Order) -> Decimal:
    """What the order comes to now."""
    added_tax = ZERO if order.taxes_included else current_tax(order)
    return current_subtotal(order) + current_shipping(order) + order.tip + added_tax


def received(order: Order) -> Decimal:
    """Money that came in."""
    return sum((t.amount for t in order.transactions if t.kind == "sale"), ZERO)


def refunded(order: Order) -> Decimal:
    """Money that went back, with goods or without."""
    return sum((refund.total for refund in order.refunds), ZERO)


def outstanding(order: Order) -> Decimal:
    """What the buyer still owes; nothing once the order is cancelled."""
    if order.cancelled_at:
        return ZERO
    return max(ZERO, current_total(order) - (received(order) - refunded(order)))


def financial_status(order: Order) -> str:
    """pending, partially_paid, paid, partially_refunded, refunded or voided."""
    came_in, went_back = received(order), refunded(order)
    if not order.transactions:
        return "voided" if order.cancelled_at else "pending"
    if went_back > 0:
        return "refunded" if went_back >= came_in else "partially_refunded"
    return "paid" if came_in >= current_total(order) else "partially_paid"


def _on_lines(order: Order) -> Decimal:
    return sum((line.discount for line in order.lines), ZERO)
