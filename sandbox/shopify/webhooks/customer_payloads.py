"""REST payloads about customers, version 2026-07: without tags, consents and totals."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..clock import rest_time
from ..store.records import Address, Customer
from ..store.shop import Shop


def customer_payload(shop: Shop, customer: Customer) -> dict[str, Any]:
    """customers/create, customers/update and their kin."""
    person = embedded_customer(shop, customer)
    person["addresses"] = [_address(customer, address) for address in customer.addresses]
    if customer.default_address is None:
        del person["default_address"]
    return person


def embedded_customer(shop: Shop, customer: Customer) -> dict[str, Any]:
    """The customer inside an order: sixteen keys, and no tags."""
    home = customer.default_address
    return {
        "id": customer.id,
        "created_at": rest_time(customer.created_at, shop.timezone),
        "updated_at": rest_time(customer.updated_at, shop.timezone),
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "state": customer.state.lower(),
        "note": customer.note,
        "verified_email": customer.verified_email,
        "multipass_identifier": None,
        "tax_exempt": customer.tax_exempt,
        "email": customer.email,
        "phone": customer.phone,
        "currency": shop.currency,
        "tax_exemptions": [],
        "admin_graphql_api_id": customer.gid,
        "default_address": _address(customer, home) if home else None,
    }


def deleted_customer(customer: Customer) -> dict[str, Any]:
    """customers/delete."""
    return {"id": customer.id, "tax_exemptions": [], "admin_graphql_api_id": customer.gid}


def email_consent_payload(shop: Shop, customer: Customer) -> dict[str, Any]:
    """customers_email_marketing_consent/update."""
    consent = customer.email_consent
    return {
        "customer_id": customer.id,
        "email_address": customer.email,
        "email_marketing_consent": {
            "state": consent.state,
            "opt_in_level": consent.opt_in_level,
            "consent_updated_at": _time(consent.updated_at, shop),
        },
    }


def sms_consent_payload(shop: Shop, customer: Customer) -> dict[str, Any]:
    """customers_marketing_consent/update."""
    consent = customer.sms_consent
    return {
        "id": customer.id,
        "phone": customer.phone,
        "sms_marketing_consent": {
            "state": consent.state,
            "opt_in_level": consent.opt_in_level,
            "consent_updated_at": _time(consent.updated_at, shop),
            "consent_collected_from": consent.collected_from or "other",
        },
    }


def tags_payload(customer: Customer, tags: list[str], now: datetime) -> dict[str, Any]:
    """customer.tags_added and customer.tags_removed."""
    occurred = now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"
    return {"customerId": customer.gid, "tags": tags, "occurredAt": occurred}


def merge_payload(kept: Customer, deleted: Customer, failure: str | None) -> dict[str, Any]:
    """customers/merge; it is also sent for a merge that failed."""
    errors = []
    if failure:
        error = {"customer_ids": [deleted.id], "field": "merge_in_progress", "message": failure}
        errors.append(error)
    return {
        "admin_graphql_api_customer_kept_id": kept.gid,
        "admin_graphql_api_customer_deleted_id": deleted.gid,
        "admin_graphql_api_job_id": None,
        "status": "failed" if failure else "success",
        "errors": errors,
    }


def privacy_payload(shop: Shop, customer: Customer, orders_key: str) -> dict[str, Any]:
    """What both privacy requests about a customer share."""
    return {
        "shop_id": shop.id,
        "shop_domain": shop.domain,
        "customer": {"id": customer.id, "email": customer.email, "phone": customer.phone},
        orders_key: [order.id for order in shop.orders_of(customer.id)],
    }


def _address(customer: Customer, address: Address) -> dict[str, Any]:
    return {
        "id": address.id,
        "customer_id": customer.id,
        "first_name": address.first_name,
        "last_name": address.last_name,
        "company": address.company,
        "address1": address.address1,
        "address2": address.address2,
        "city": address.city,
        "province": address.province,
        "country": address.country,
        "zip": address.zip,
        "phone": address.phone,
        "name": address.name,
        "province_code": address.province_code,
        "country_code": address.country_code,
        "country_name": address.country,
        "default": address is customer.default_address,
    }


def _time(moment: datetime | None, shop: Shop) -> str | None:
    return rest_time(moment, shop.timezone) if moment else None
