"""REST payloads about orders and refunds, version 2026-07."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from ..clock import rest_time
from ..store import totals
from ..store.money import ZERO
from ..store.orders import DiscountApplication, Order, OrderLine
from ..store.records import Address, Customer
from ..store.shop import Shop
from .customer_payloads import embedded_customer
from .line_payloads import line_payload, shipping_payload, tax_payloads
from .payload_money import price, price_set
from .refund_payloads import refund_payload

_PAIRS = {  # key -> total; written as `key` and `key_set`
    "current_subtotal_price": totals.current_subtotal,
    "current_total_discounts": totals.current_discounts,
    "current_total_price": totals.current_total,
    "current_total_tax": totals.current_tax,
    "subtotal_price": totals.subtotal,
    "total_discounts": totals.discounts,
    "total_line_items_price": totals.line_items_price,
    "total_price": totals.total,
    "total_tax": totals.tax,
}
_NOT_KEPT = [
    "app_id",
    "browser_ip",
    "cart_token",
    "checkout_token",
    "client_details",
    "confirmation_number",
    "current_total_additional_fees_set",
    "current_total_duties_set",
    "device_id",
    "fulfillment_status",
    "landing_site",
    "landing_site_ref",
    "merchant_of_record_app_id",
    "original_total_additional_fees_set",
    "original_total_duties_set",
    "po_number",
    "reference",
    "referring_site",
    "source_identifier",
    "source_url",
    "payment_terms",
]


def order_payload(shop: Shop, order: Order) -> dict[str, Any]:
    """orders/create, paid, updated, cancelled: the whole order as it stands now."""
    customer = shop.find("Customer", order.customer_id)
    payload = {
        **dict.fromkeys(_NOT_KEPT),
        **_identity(shop, order),
        **_amounts(order),
        "customer": embedded_customer(shop, customer) if customer else None,
        **_addresses(order, customer),
        "discount_codes": _codes(order),
        "discount_applications": [_application(a) for a in order.applications],
        "line_items": [line_payload(order, line) for line in order.lines],
        "tax_lines": _order_taxes(order),
        "shipping_lines": shipping_payload(order),
        "refunds": [refund_payload(shop, order, refund) for refund in order.refunds],
        "fulfillments": [],
        "returns": [],
        "line_item_groups": [],
        "note_attributes": [],
    }
    if customer is None and order.source_name == "pos":
        # A guest at the till has no such key at all; elsewhere it is null.
        del payload["customer"]
    return payload


def edit_payload(
    shop: Shop, order: Order, edit_id: int, added: list[OrderLine], removed: list[tuple[int, int]]
) -> dict[str, Any]:
    """orders/edited: the edit alone, as deltas of quantities."""
    at = rest_time(order.updated_at, shop.timezone)
    additions = [{"id": line.id, "delta": line.quantity} for line in added]
    removals = [{"id": line_id, "delta": quantity} for line_id, quantity in removed]
    return {
        "order_edit": {
            "id": edit_id,
            "app_id": None,
            "created_at": at,
            "committed_at": at,
            "notify_customer": False,
            "order_id": order.id,
            "staff_note": "",
            "user_id": None,
            "line_items": {"additions": additions, "removals": removals},
            "discounts": {"line_item": {"additions": [], "removals": []}},
            "shipping_lines": {"additions": [], "removals": []},
        }
    }


def _identity(shop: Shop, order: Order) -> dict[str, Any]:
    """Everything about an order that is not an amount or a list."""

    def time(moment: datetime | None) -> str | None:
        return rest_time(moment, shop.timezone) if moment else None

    return {
        "id": order.id,
        "admin_graphql_api_id": order.gid,
        "name": order.name,
        "number": order.number - 1000,
        "order_number": order.number,
        "token": f"{order.id:x}",
        "order_status_url": f"https://{shop.domain}/{shop.id}/orders/{order.id:x}",
        "created_at": time(order.created_at),
        "processed_at": time(order.processed_at),
        "updated_at": time(order.updated_at),
        "cancelled_at": time(order.cancelled_at),
        "closed_at": time(order.closed_at),
        "cancel_reason": order.cancel_reason.lower() if order.cancel_reason else None,
        "confirmed": True,
        "test": order.test,
        "currency": order.currency,
        "presentment_currency": order.currency,
        "financial_status": totals.financial_status(order),
        "source_name": order.source_name,
        "location_id": order.location_id,
        "user_id": order.user_id,
        "email": order.email or "",
        "contact_email": order.email,
        "phone": order.phone,
        "note": order.note,
        "tags": ", ".join(order.tags),
        "taxes_included": order.taxes_included,
        "tax_exempt": False,
        "duties_included": False,
        "estimated_taxes": False,
        "buyer_accepts_marketing": False,
        "customer_locale": "en",
        "merchant_business_entity_id": f"MTU0{shop.id}",
        "payment_gateway_names": sorted({t.gateway for t in order.transactions}),
        "total_weight": 0,
    }


def _addresses(order: Order, customer: Customer | None) -> dict[str, Any]:
    """Where it is billed and sent to; the keys are missing where there is no address."""
    home = customer.default_address if customer else None
    if home is None:
        return {}
    place = {"billing_address": _postal(home)}
    return place if order.source_name == "pos" else {**place, "shipping_address": _postal(home)}


def _amounts(order: Order) -> dict[str, Any]:
    """Every total, as text and as a set."""
    amounts: dict[str, Any] = {}
    for key, total in _PAIRS.items():
        amounts[key] = price(total(order))
        amounts[f"{key}_set"] = price_set(total(order), order.currency)
    sets: dict[str, Decimal] = {
        "current_shipping_price_set": totals.current_shipping(order),
        "total_shipping_price_set": order.shipping,
        "total_cash_rounding_payment_adjustment_set": ZERO,
        "total_cash_rounding_refund_adjustment_set": ZERO,
    }
    amounts |= {key: price_set(amount, order.currency) for key, amount in sets.items()}
    amounts["total_outstanding"] = price(totals.outstanding(order))
    amounts["total_tip_received"] = price(order.tip)
    return amounts


def _codes(order: Order) -> list[dict[str, str]]:
    """The codes with what each took off."""
    codes = []
    for index, application in enumerate(order.applications):
        if application.code:
            allocations = [a for line in order.lines for a in line.allocations]
            amounts = [a.amount for a in allocations if a.application_index == index]
            is_shipping = application.target_type == "shipping_line"
            amount = order.shipping_discount if is_shipping else sum(amounts, ZERO)
            kind = "shipping" if is_shipping else application.value_type
            codes.append({"code": application.code, "amount": price(amount), "type": kind})
    return codes


def _application(application: DiscountApplication) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "target_type": application.target_type,
        "type": "discount_code" if application.code else "manual",
        "value": f"{application.value:.1f}",
        "value_type": application.value_type,
        "allocation_method": application.allocation_method,
        "target_selection": application.target_selection,
    }
    if application.code:
        shown["code"] = application.code
    else:
        shown |= {"title": application.title, "description": application.title}
    return shown


def _order_taxes(order: Order) -> list[dict[str, Any]]:
    """The lines' taxes added up by their name."""
    lines: dict[tuple[str, Decimal], Decimal] = {}
    for tax in (tax for line in order.lines for tax in line.tax_lines):
        lines[tax.title, tax.rate] = lines.get((tax.title, tax.rate), ZERO) + tax.amount
    return tax_payloads([(title, rate, amount) for (title, rate), amount in lines.items()], order)


def _postal(address: Address) -> dict[str, Any]:
    return {
        "first_name": address.first_name,
        "address1": address.address1,
        "phone": address.phone,
        "city": address.city,
        "zip": address.zip,
        "province": address.province,
        "country": address.country,
        "last_name": address.last_name,
        "address2": address.address2,
        "company": address.company,
        "latitude": None,
        "longitude": None,
        "name": address.name,
        "country_code": address.country_code,
        "province_code": address.province_code,
    }
