"""An order in a webhook: shop money only, amounts of a line for its whole ordered quantity."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from loyalty.base.money import parse_minor
from loyalty.members.addresses import address_mark
from loyalty.members.facts import CustomerFacts, normalise_email
from loyalty.orders.facts import LineFacts, OrderFacts
from shopify_app.platform.payloads import amounts
from shopify_app.platform.payloads.codes import read_codes
from shopify_app.platform.payloads.customers import read_address, read_customer
from shopify_app.platform.payloads.reading import (
    flag,
    identifier,
    identifier_or_none,
    moment,
    moment_or_none,
    object_at,
    objects_at,
    own_id,
    quantity,
    shop_minor,
    shop_money,
    text,
    text_or_none,
)
from shopify_app.platform.payloads.refunds import read_refund

# https://shopify.dev/docs/api/admin-graphql/latest/enums/OrderDisplayFinancialStatus
_PAID = ("paid", "partially_refunded", "refunded")


_AT_ONCE = timedelta(minutes=1)
"""An order that Shopify changed no later than so after making it is told as it was made."""


def read_order(payload: dict[str, Any]) -> OrderFacts:
    """The facts of an order; its currency is that of its shop money."""
    _, currency = shop_money(payload.get("total_price_set"), "total_price_set")
    lines = _lines(payload, currency)
    customer = _customer(payload)
    shipping_minor, shipping_tax_minor = _shipping(payload, currency)
    current = payload.get("current_total_price_set")
    return OrderFacts(
        order_id=own_id(payload, "order"),
        name=text(payload, "name"),
        customer=customer,
        customer_id=customer.customer_id if customer else None,
        currency=currency,
        taxes_included=flag(payload, "taxes_included"),
        is_test=flag(payload, "test"),
        is_paid=_is_paid(payload),
        source_name=text_or_none(payload, "source_name"),
        location_id=identifier_or_none(payload.get("location_id"), "location_id"),
        total_minor=shop_minor(payload.get("total_price_set"), currency, "total_price_set"),
        current_total_minor=amounts.less_gift_cards(
            shop_minor(current, currency, "current_total_price_set"), lines
        ),
        created_at=moment(payload, "created_at"),
        processed_at=_processed_at(payload),
        cancelled_at=moment_or_none(payload, "cancelled_at"),
        updated_at=moment(payload, "updated_at"),
        paid_at=_paid_at(payload),
        lines=lines,
        refunds=tuple(read_refund(one, currency) for one in objects_at(payload, "refunds")),
        shipping_minor=shipping_minor,
        shipping_tax_minor=shipping_tax_minor,
        ship_to=address_mark(read_address(payload.get("shipping_address"))),
        codes=read_codes(payload, currency),
        email=_email(payload) if customer is None else "",
    )


def read_edited_order_id(payload: dict[str, Any]) -> int:
    """Which order an orders/edited payload is about."""
    return identifier(object_at(payload, "order_edit").get("order_id"), "order_edit.order_id")


def _is_paid(payload: dict[str, Any]) -> bool:
    return payload.get("financial_status") in _PAID


def _processed_at(payload: dict[str, Any]) -> datetime:
    return moment_or_none(payload, "processed_at") or moment(payload, "created_at")


def _paid_at(payload: dict[str, Any]) -> datetime | None:
    """By when it was paid, by the order's own times: no webhook of an order has its payments.

    One that was made paid was paid when it was processed, be it a till's that was offline; any
    other by the time of its first version that says so.
    """
    if not _is_paid(payload):
        return None
    updated_at = moment(payload, "updated_at")
    was_made_so = updated_at - moment(payload, "created_at") <= _AT_ONCE
    return min(updated_at, _processed_at(payload)) if was_made_so else updated_at


def _email(payload: dict[str, Any]) -> str:
    return normalise_email(text_or_none(payload, "email") or text_or_none(payload, "contact_email"))


def _customer(payload: dict[str, Any]) -> CustomerFacts | None:
    if payload.get("customer") is None:
        return None
    # The language that they bought in: the short copy of a customer has none of its own.
    facts = read_customer(object_at(payload, "customer"))
    return replace(facts, locale=text_or_none(payload, "customer_locale"))


def _lines(payload: dict[str, Any], currency: str) -> tuple[LineFacts, ...]:
    tip_minor = parse_minor(payload.get("total_tip_received") or "0", currency)
    taxes_included = flag(payload, "taxes_included")
    read = (
        _line(line, currency, taxes_included=taxes_included)
        for line in objects_at(payload, "line_items")
    )
    return amounts.mark_tips(read, tip_minor)


def _shipping(payload: dict[str, Any], currency: str) -> tuple[int, int]:
    """Shipping less its discounts and included tax; and the tax on it."""
    lines = [line for line in objects_at(payload, "shipping_lines") if not flag(line, "is_removed")]
    price = sum(
        shop_minor(line.get("price_set"), currency, "shipping_lines.price_set")
        - _discounts(line, currency)
        for line in lines
    )
    tax = sum(_tax(line, currency) for line in lines)
    return amounts.less_included_tax(price, tax, taxes_included=flag(payload, "taxes_included"))


def _line(payload: dict[str, Any], currency: str, *, taxes_included: bool) -> LineFacts:
    ordered = quantity(payload, "quantity")
    current = payload.get("current_quantity")
    price = shop_minor(payload.get("price_set"), currency, "line_items.price_set")
    return LineFacts(
        line_id=own_id(payload, "line_items"),
        title=text_or_none(payload, "title") or text_or_none(payload, "name") or "",
        product_id=identifier_or_none(payload.get("product_id"), "line_items.product_id"),
        quantity=ordered,
        current_quantity=ordered if current is None else quantity(payload, "current_quantity"),
        gross_minor=price * ordered,
        discount_minor=_discounts(payload, currency),
        included_tax_minor=_tax(payload, currency) if taxes_included else 0,
        tax_minor=_tax(payload, currency),
        is_gift_card=flag(payload, "gift_card"),
        is_tip="tip" in payload or "tip_payment_gateway" in payload,
    )


def _discounts(payload: dict[str, Any], currency: str) -> int:
    return sum(
        shop_minor(one.get("amount_set"), currency, "discount_allocations.amount_set")
        for one in objects_at(payload, "discount_allocations")
    )


def _tax(payload: dict[str, Any], currency: str) -> int:
    return sum(
        shop_minor(tax.get("price_set"), currency, "tax_lines.price_set")
        for tax in objects_at(payload, "tax_lines")
    )
