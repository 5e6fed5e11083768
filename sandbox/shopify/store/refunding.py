"""Refunds and cancellations as arithmetic on an order. The webhooks are told by `changes`."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from . import totals
from .money import ZERO, money, share
from .orders import Order, OrderLine, Refund, RefundLine, Transaction
from .shop import Shop


class RefusedChange(Exception):
    """The store will not do this; the message is what Shopify's userErrors would say."""

    def __init__(self, message: str, field: list[str] | None = None, code: str | None = None):
        super().__init__(message)
        self.message, self.field, self.code = message, field, code


def apply_refund(
    shop: Shop,
    order: Order,
    *,
    lines: list[tuple[int, int]],
    at: datetime,
    amount: Decimal | None = None,
    shipping: Decimal = ZERO,
    note: str | None = None,
) -> Refund:
    """Give units back (`(line id, quantity)`) and money with them.

    Without `amount` the money is what the units cost. No lines and an amount
    is a refund of money alone. RefusedChange when more goes back than came.
    """
    refund = Refund(shop.next_id("Refund"), order.id, at, note, shipping=shipping)
    refund.lines = [_refund_line(shop, order, *wanted) for wanted in lines]
    owed = _value(order, refund) + shipping
    amount = owed if amount is None else money(amount)
    left = totals.received(order) - totals.refunded(order)
    if amount > left:
        raise RefusedChange(f"Refund amount {amount} exceeds the {left} that can be refunded")
    for part in refund.lines:
        line = order.line(part.line_id)
        assert line is not None
        line.refunded_quantity += part.quantity
    refund.adjustment = owed - amount
    if amount > 0:
        refund.transactions.append(_give_back(shop, order, amount, at))
    order.refunds.append(refund)
    order.updated_at = at
    return refund


def apply_cancel(
    shop: Shop, order: Order, *, reason: str, refund: bool, at: datetime
) -> Refund | None:
    """Cancel an order: every unit goes, and the money too when `refund`."""
    if order.cancelled_at:
        raise RefusedChange("Cannot cancel an order that is already cancelled", ["orderId"])
    units = [(line.id, line.current_quantity) for line in order.lines if line.current_quantity]
    left = totals.received(order) - totals.refunded(order)
    given_back = None
    if refund and left > 0:
        shipping = totals.current_shipping(order)
        given_back = apply_refund(
            shop, order, lines=units, at=at, amount=left, shipping=shipping, note="Order cancelled"
        )
    else:
        for line in order.lines:
            line.removed_quantity += line.current_quantity
    order.cancelled_at = order.updated_at = order.closed_at = at
    order.cancel_reason = reason
    return given_back


def _refund_line(shop: Shop, order: Order, line_id: int, quantity: int) -> RefundLine:
    """Units of one line with their cumulative share, so that all units refund the whole line."""
    line = order.line(line_id)
    if line is None:
        raise RefusedChange("Line item does not exist", ["refundLineItems"])
    if not 0 < quantity <= line.current_quantity:
        raise RefusedChange("Quantity cannot refund more items than were purchased")
    return RefundLine(
        shop.next_id("RefundLineItem"),
        line_id,
        quantity,
        _part(line, line.net, quantity),
        _part(line, line.tax, quantity),
    )


def _part(line: OrderLine, total: Decimal, quantity: int) -> Decimal:
    """What `quantity` more units take away from what is left of a line total."""
    after = share(total, line.current_quantity - quantity, line.quantity)
    return line.current(total) - after


def _value(order: Order, refund: Refund) -> Decimal:
    """What the refunded units cost, with their tax when prices are without it."""
    goods = sum((part.subtotal for part in refund.lines), ZERO)
    taxes = sum((part.tax for part in refund.lines), ZERO)
    return goods if order.taxes_included else goods + taxes


def _give_back(shop: Shop, order: Order, amount: Decimal, at: datetime) -> Transaction:
    """The money on its way back to where it came from."""
    payment = order.transactions[0]
    refund_id = shop.next_id("OrderTransaction")
    return Transaction(refund_id, order.id, "refund", amount, payment.gateway, at, payment.id)
