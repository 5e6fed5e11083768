"""Customer and what hangs on it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ...store import totals
from ...store.money import ZERO
from ...store.records import Customer
from ..context import Context
from ..registry import resolves
from ..values import mailing_address, money, sms_consent


@resolves("Customer", "defaultEmailAddress")
def default_email(customer: Customer, context: Context, arguments: dict[str, Any]) -> Any:
    if customer.email is None:
        return None
    consent = customer.email_consent
    return {
        "emailAddress": customer.email,
        "marketingState": consent.state.upper(),
        "marketingOptInLevel": consent.opt_in_level.upper() if consent.opt_in_level else None,
        "marketingUpdatedAt": consent.updated_at,
        "validFormat": True,
    }


@resolves("Customer", "defaultPhoneNumber")
def default_phone(customer: Customer, context: Context, arguments: dict[str, Any]) -> Any:
    if customer.phone is None:
        return None
    return {
        "phoneNumber": customer.phone,
        "smsMarketingConsent": sms_consent(customer.sms_consent),
    }


@resolves("Customer", "defaultAddress")
def default_address(customer: Customer, context: Context, arguments: dict[str, Any]) -> Any:
    return mailing_address(customer.default_address)


@resolves("Customer", "addressesV2")
def addresses(customer: Customer, context: Context, arguments: dict[str, Any]) -> Any:
    return [mailing_address(address) for address in customer.addresses]


@resolves("Customer", "numberOfOrders")
def number_of_orders(customer: Customer, context: Context, arguments: dict[str, Any]) -> Any:
    return len(_orders(customer, context))


@resolves("Customer", "amountSpent")
def amount_spent(customer: Customer, context: Context, arguments: dict[str, Any]) -> Any:
    spent: Decimal = sum(
        (totals.received(order) - totals.refunded(order) for order in _orders(customer, context)),
        ZERO,
    )
    return money(spent, context.shop.currency)


@resolves("Customer", "orders")
def orders(customer: Customer, context: Context, arguments: dict[str, Any]) -> Any:
    return [order for order in _orders(customer, context) if context.sees(order)]


@resolves("Customer", "lastOrder")
def last_order(customer: Customer, context: Context, arguments: dict[str, Any]) -> Any:
    known = orders(customer, context, {})
    return known[-1] if known else None


@resolves("Customer", "canDelete")
def can_delete(customer: Customer, context: Context, arguments: dict[str, Any]) -> Any:
    return not _orders(customer, context)


@resolves("Customer", "taxExemptions")
def tax_exemptions(customer: Customer, context: Context, arguments: dict[str, Any]) -> Any:
    return []


@resolves("Customer", "mergeable")
def mergeable(customer: Customer, context: Context, arguments: dict[str, Any]) -> Any:
    return {"isMergeable": True, "errorFields": [], "reason": None}


def _orders(customer: Customer, context: Context) -> list[Any]:
    """A customer's orders, from an index that lives for this execution."""
    index = context.cache.get("orders")
    if index is None:
        index = {}
        for order in context.shop.all("Order"):
            index.setdefault(order.customer_id, []).append(order)
        context.cache["orders"] = index
    found: list[Any] = index.get(customer.id, [])
    return found
