"""Admin GraphQL's nodes → the domain's facts: rows of a bulk result, or one order read by id."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from loyalty.members.addresses import address_mark
from loyalty.members.facts import CustomerFacts, normalise_email
from loyalty.orders.facts import LineFacts, OrderFacts, RefundFacts
from loyalty.shops.locations import LocationFacts
from shopify_app.platform.payloads import amounts
from shopify_app.platform.payloads.codes import read_code_nodes
from shopify_app.platform.payloads.consents import read_consents
from shopify_app.platform.payloads.reading import (
    flag,
    identifier,
    identifier_or_none,
    moment,
    moment_or_none,
    object_at,
    objects_at,
    quantity,
    shop_minor,
    shop_money,
    text,
    text_or_none,
)

Node = dict[str, Any]

_PAID = ("PAID", "PARTIALLY_REFUNDED", "REFUNDED")
_PAYMENTS = ("SALE", "CAPTURE")
_ADDRESS = {
    "address1": "address1",
    "address2": "address2",
    "city": "city",
    "provinceCode": "province_code",
    "zip": "zip",
    "countryCodeV2": "country_code",
    "countryCode": "country_code",
}


def read_customer(node: Node) -> tuple[CustomerFacts, int]:
    """The facts of a customer, and how many orders Shopify counts for them."""
    email = _inner_text(node, "defaultEmailAddress", "emailAddress")
    facts = CustomerFacts(
        customer_id=identifier(node.get("id"), "customer.id"),
        first_name=text_or_none(node, "firstName"),
        last_name=text_or_none(node, "lastName"),
        email=email,
        phone=_inner_text(node, "defaultPhoneNumber", "phoneNumber"),
        has_account=node.get("state") == "ENABLED",
        has_verified_email=email is not None and flag(node, "verifiedEmail"),
        address=_address(node.get("defaultAddress")),
        customer_since=moment_or_none(node, "createdAt"),
        updated_at=moment_or_none(node, "updatedAt"),
        locale=text_or_none(node, "locale"),
        consents=read_consents(node),
    )
    # An unsigned 64-bit number travels as text.
    return facts, int(str(node.get("numberOfOrders") or 0))


def read_order(node: Node, line_nodes: Sequence[Node]) -> OrderFacts:
    """The facts of an order and its lines; refunds only where the node has them in full."""
    _, currency = shop_money(node.get("totalPriceSet"), "totalPriceSet")
    order_id = identifier(node.get("id"), "order.id")
    taxes_included = flag(node, "taxesIncluded")
    tip_minor = shop_minor(node.get("totalTipReceivedSet"), currency, "totalTipReceivedSet")
    lines = amounts.mark_tips(
        (_line(line, currency, taxes_included=taxes_included) for line in line_nodes), tip_minor
    )
    shipping_minor, shipping_tax_minor = _shipping(node, currency)
    current = shop_minor(node.get("currentTotalPriceSet"), currency, "currentTotalPriceSet")
    return OrderFacts(
        order_id=order_id,
        name=text(node, "name"),
        customer=None,
        customer_id=_inner_id(node, "customer"),
        currency=currency,
        taxes_included=taxes_included,
        is_test=flag(node, "test"),
        is_paid=_is_paid(node),
        source_name=text_or_none(node, "sourceName"),
        location_id=_inner_id(node, "retailLocation"),
        total_minor=shop_minor(node.get("totalPriceSet"), currency, "totalPriceSet"),
        current_total_minor=amounts.less_gift_cards(current, lines),
        created_at=moment(node, "createdAt"),
        processed_at=moment(node, "processedAt"),
        cancelled_at=moment_or_none(node, "cancelledAt"),
        updated_at=moment(node, "updatedAt"),
        paid_at=_paid_at(node),
        lines=lines,
        refunds=tuple(_refund(one, order_id, currency) for one in objects_at(node, "refunds")),
        shipping_minor=shipping_minor,
        shipping_tax_minor=shipping_tax_minor,
        ship_to=address_mark(_address(node.get("shippingAddress"))),
        codes=read_code_nodes(node, line_nodes, currency),
        email="" if node.get("customer") else normalise_email(text_or_none(node, "email")),
    )


def has_refunds(node: Node) -> bool:
    """Whether anything of the order was given back, which a bulk row tells only as a sum."""
    amount, _ = shop_money(node.get("totalRefundedSet"), "totalRefundedSet")
    return amount.strip("0.") != ""


def has_money_refunds(node: Node, facts: OrderFacts) -> bool:
    """Whether money went back that the pieces gone from the lines do not explain: shipping, or
    money alone. Never of an order of which nothing is left.
    """
    if facts.cancelled_at is not None or not any(line.current_quantity for line in facts.lines):
        return False
    given = shop_minor(node.get("totalRefundedSet"), facts.currency, "totalRefundedSet")
    gone = [line for line in facts.lines if line.current_quantity < line.quantity]
    explained = sum(_paid_for_gone(line, taxes_included=facts.taxes_included) for line in gone)
    # Each line's share was rounded by itself.
    return abs(given - explained) > len(gone)


def read_location(node: Node) -> LocationFacts:
    """The facts of a location; coordinates stay text."""
    place = object_at(node, "address")
    return LocationFacts(
        location_id=identifier(node.get("id"), "location.id"),
        name=text(node, "name"),
        is_active=flag(node, "isActive"),
        address=_address(place) or {},
        latitude=_coordinate(place.get("latitude")),
        longitude=_coordinate(place.get("longitude")),
        updated_at=moment(node, "updatedAt"),
    )


def _is_paid(node: Node) -> bool:
    return node.get("displayFinancialStatus") in _PAID


def _paid_at(node: Node) -> datetime | None:
    """By when it was paid: with its last payment, or, free or imported, when it was processed."""
    if not _is_paid(node):
        return None
    # https://shopify.dev/docs/api/admin-graphql/latest/enums/OrderTransactionKind
    paid = [
        moment_or_none(one, "processedAt") or moment(node, "updatedAt")
        for one in objects_at(node, "transactions")
        if one.get("kind") in _PAYMENTS and one.get("status") == "SUCCESS"
    ]
    return max(paid, default=moment(node, "processedAt"))


def _line(node: Node, currency: str, *, taxes_included: bool) -> LineFacts:
    tax_minor = _tax(node, currency)
    return LineFacts(
        line_id=identifier(node.get("id"), "lineItem.id"),
        title=text_or_none(node, "title") or "",
        product_id=_inner_id(node, "product"),
        quantity=quantity(node, "quantity"),
        current_quantity=quantity(node, "currentQuantity"),
        gross_minor=shop_minor(node.get("originalTotalSet"), currency, "originalTotalSet"),
        discount_minor=sum(
            shop_minor(one.get("allocatedAmountSet"), currency, "allocatedAmountSet")
            for one in objects_at(node, "discountAllocations")
        ),
        included_tax_minor=tax_minor if taxes_included else 0,
        tax_minor=tax_minor,
        is_gift_card=flag(node, "isGiftCard"),
        is_tip=False,
    )


def _paid_for_gone(line: LineFacts, *, taxes_included: bool) -> int:
    """What was paid for the pieces that are gone from a line."""
    paid = line.gross_minor - line.discount_minor + (0 if taxes_included else line.tax_minor)
    return paid * (line.quantity - line.current_quantity) // line.quantity


def _shipping(node: Node, currency: str) -> tuple[int, int]:
    """Shipping less its discounts and included tax; and the tax on it."""
    shipping = node.get("shippingLine")
    if not isinstance(shipping, dict):
        return 0, 0
    price = shop_minor(shipping.get("discountedPriceSet"), currency, "discountedPriceSet")
    tax = _tax(shipping, currency)
    return amounts.less_included_tax(price, tax, taxes_included=flag(node, "taxesIncluded"))


def _tax(node: Node, currency: str) -> int:
    return sum(
        shop_minor(tax.get("priceSet"), currency, "taxLines.priceSet")
        for tax in objects_at(node, "taxLines")
    )


def _refund(node: Node, order_id: int, currency: str) -> RefundFacts:
    lines = tuple(
        (identifier(line.get("lineItem", {}).get("id"), "lineItem.id"), quantity(line, "quantity"))
        for line in objects_at(object_at(node, "refundLineItems"), "nodes")
    )
    given = shop_minor(node.get("totalRefundedSet"), currency, "totalRefundedSet")
    shipping = sum(
        shop_minor(line.get(key), currency, key)
        for line in objects_at(object_at(node, "refundShippingLines"), "nodes")
        for key in ("subtotalAmountSet", "taxAmountSet")
    )
    return RefundFacts(
        refund_id=identifier(node.get("id"), "refund.id"),
        order_id=order_id,
        created_at=moment(node, "createdAt"),
        money_minor=0 if lines else max(0, given - shipping),
        lines=lines,
        shipping_minor=shipping,
    )


def _inner_id(node: Node, key: str) -> int | None:
    inner = node.get(key)
    return identifier_or_none(inner.get("id") if isinstance(inner, dict) else None, key)


def _inner_text(node: Node, key: str, field: str) -> str | None:
    inner = node.get(key)
    return text_or_none(inner, field) if isinstance(inner, dict) else None


def _address(value: object) -> dict[str, str] | None:
    if not isinstance(value, dict):
        return None
    found = {}
    for theirs, ours in _ADDRESS.items():
        if line := text_or_none(value, theirs):
            found[ours] = line
    return found or None


def _coordinate(value: object) -> str | None:
    return None if value is None else str(value)
