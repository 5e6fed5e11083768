"""What happens to orders: placed, paid, refunded, cancelled, edited, deleted.

Every change sends the topics that Shopify sends, as one event.
"""

from __future__ import annotations

from decimal import Decimal

from ..clock import utc_now
from ..store import totals
from ..store.build import LineSpec, OrderSpec, add_tax, build_line, build_order, pay
from ..store.money import ZERO
from ..store.orders import Order, OrderLine, Refund
from ..store.refunding import RefusedChange, apply_cancel, apply_refund
from ..store.shop import Shop
from ..webhooks.customer_payloads import customer_payload
from ..webhooks.emitter import Message
from ..webhooks.order_payloads import edit_payload, order_payload
from ..webhooks.refund_payloads import refund_payload
from ..world import World
from .discounts import check_codes, count_codes


def create_order(world: World, shop: Shop, spec: OrderSpec, *, paid: bool = True) -> Order:
    """Place an order. RefusedChange for a code that is not valid for this buyer."""
    now = utc_now()
    if spec.customer_id is not None and shop.find("Customer", spec.customer_id) is None:
        raise RefusedChange("Customer does not exist", ["order", "customer"])
    if not spec.lines:
        raise RefusedChange("Line items must have at least one line item", ["order", "lineItems"])
    check_codes(shop, spec, now)
    order: Order = shop.add(build_order(shop, spec, at=now))
    count_codes(shop, order)
    if paid:
        pay(shop, order, now)
    messages: list[Message] = [("orders/create", order_payload(shop, order))]
    if paid:
        messages.append(("orders/paid", order_payload(shop, order)))
    messages.append(("orders/updated", order_payload(shop, order)))
    customer = shop.find("Customer", order.customer_id)
    if customer:
        customer.updated_at = now
        messages.append(("customers/update", customer_payload(shop, customer)))
    world.emitter.emit(shop, *messages)
    return order


def quote_order(shop: Shop, spec: OrderSpec) -> dict[str, str]:
    """What such an order would come to. RefusedChange for a code that is not valid for it."""
    now = utc_now()
    check_codes(shop, spec, now)
    order = build_order(shop, spec, at=now)
    return {
        "subtotal": str(totals.line_items_price(order)),
        "discounts": str(totals.discounts(order)),
        "tax": str(totals.tax(order)),
        "total": str(totals.total(order)),
    }


def mark_paid(world: World, shop: Shop, order: Order) -> Order:
    """Take the money that is still due."""
    if order.cancelled_at or totals.outstanding(order) <= 0:
        raise RefusedChange("Order cannot be marked as paid.", ["id"])
    pay(shop, order, utc_now())
    payload = order_payload(shop, order)
    world.emitter.emit(shop, ("orders/paid", payload), ("orders/updated", payload))
    return order


def refund_order(
    world: World,
    shop: Shop,
    order: Order,
    *,
    lines: list[tuple[int, int]],
    amount: Decimal | None = None,
    shipping: Decimal = ZERO,
    note: str | None = None,
) -> Refund:
    """Give units and money back: see `apply_refund`."""
    refund = apply_refund(
        shop, order, lines=lines, at=utc_now(), amount=amount, shipping=shipping, note=note
    )
    world.emitter.emit(
        shop,
        ("refunds/create", refund_payload(shop, order, refund)),
        ("orders/updated", order_payload(shop, order)),
    )
    return refund


def cancel_order(world: World, shop: Shop, order: Order, *, reason: str, refund: bool) -> Order:
    """Cancel a whole order, with its money or without."""
    given_back = apply_cancel(shop, order, reason=reason, refund=refund, at=utc_now())
    payload = order_payload(shop, order)
    messages: list[Message] = [("orders/cancelled", payload), ("orders/updated", payload)]
    if given_back:
        messages.append(("refunds/create", refund_payload(shop, order, given_back)))
    world.emitter.emit(shop, *messages)
    return order


def edit_order(
    world: World,
    shop: Shop,
    order: Order,
    *,
    add: list[LineSpec],
    remove: list[tuple[int, int]],
) -> Order:
    """Add lines, and take units off lines; an added line is unpaid until it is marked paid."""
    for line_id, quantity in remove:
        line = order.line(line_id)
        if line is None or not 0 < quantity <= line.current_quantity:
            raise RefusedChange("Line item quantity cannot be removed")
        line.removed_quantity += quantity
    added = [_added_line(shop, order, spec) for spec in add]
    order.edited = True
    order.updated_at = utc_now()
    edit = edit_payload(shop, order, shop.next_id("OrderEdit"), added, remove)
    payload = order_payload(shop, order)
    world.emitter.emit(shop, ("orders/edited", edit), ("orders/updated", payload))
    return order


def delete_order(world: World, shop: Shop, order: Order) -> None:
    """Remove an order for ever."""
    shop.remove(order)
    world.emitter.emit(shop, ("orders/delete", {"id": order.id}))


def touch_order(world: World, shop: Shop, order: Order) -> Order:
    """Something small changed: its tags, its note."""
    order.updated_at = utc_now()
    world.emitter.emit(shop, ("orders/updated", order_payload(shop, order)))
    return order


def _added_line(shop: Shop, order: Order, spec: LineSpec) -> OrderLine:
    line = build_line(shop, order, spec)
    add_tax(shop, line, Decimal(shop.tax_rate), included=order.taxes_included)
    order.lines.append(line)
    return line
