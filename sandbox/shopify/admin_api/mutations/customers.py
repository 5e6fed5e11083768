"""Mutations of customers: fields, tags, consents, merge."""

from __future__ import annotations

from typing import Any

from ...changes import customers as changes
from ...clock import utc_now
from ...store.records import Consent
from ..context import Context
from ..errors import refuse
from ..registry import resolves
from .helpers import moment, telling, wanted
from .metafields import set_all

_FIELDS = {
    "firstName": "first_name",
    "lastName": "last_name",
    "email": "email",
    "phone": "phone",
    "note": "note",
    "locale": "locale",
    "tags": "tags",
    "taxExempt": "tax_exempt",
}


@resolves("Mutation", "customerCreate")
def customer_create(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    given = arguments["input"]
    with telling():
        customer = changes.create_customer(
            context.world, context.shop, {**_plain(given), **_consents(given)}
        )
    _write_metafields(context, customer, given)
    return {"customer": customer}


@resolves("Mutation", "customerUpdate")
def customer_update(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    given = arguments["input"]
    customer = wanted(context, given.get("id", "gid://shopify/Customer/0"), "Customer")
    if "emailMarketingConsent" in given:
        message = (
            "To update emailMarketingConsent, please use the customerEmailMarketingConsentUpdate"
        )
        raise refuse(f"{message} Mutation instead", ["emailMarketingConsent"])
    with telling():
        changes.update_customer(context.world, context.shop, customer, _plain(given))
    _write_metafields(context, customer, given)
    return {"customer": customer}


@resolves("Mutation", "customerDelete")
def customer_delete(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    gid = arguments["input"]["id"]
    found = context.shop.find_gid(gid)
    if found is None or found.typename != "Customer":
        error = {"field": ["id"], "message": "Customer can't be found"}
        return {"shop": context.shop, "userErrors": [error]}
    with telling():
        changes.delete_customer(context.world, context.shop, found)
    return {"deletedCustomerId": gid, "shop": context.shop}


@resolves("Mutation", "tagsAdd")
def tags_add(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    node = _tagged(context, arguments, "tagsAdd")
    changes.add_tags(context.world, context.shop, node, _split(arguments["tags"]))
    return {"node": node}


@resolves("Mutation", "tagsRemove")
def tags_remove(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    node = _tagged(context, arguments, "tagsRemove")
    changes.remove_tags(context.world, context.shop, node, _split(arguments["tags"]))
    return {"node": node}


@resolves("Mutation", "customerEmailMarketingConsentUpdate")
def email_consent(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    given = arguments["input"]
    field = ["input", "customerId"]
    customer = wanted(context, given["customerId"], "Customer", field)
    consent = _consent(given["emailMarketingConsent"])
    _check_state(consent, "emailMarketingConsent")
    with telling(code="INVALID"):
        changes.set_email_consent(context.world, context.shop, customer, consent)
    return {"customer": customer}


@resolves("Mutation", "customerSmsMarketingConsentUpdate")
def sms_consent(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    given = arguments["input"]
    field = ["input", "customerId"]
    customer = wanted(context, given["customerId"], "Customer", field)
    consent = _consent(given["smsMarketingConsent"])
    _check_state(consent, "smsMarketingConsent")
    with telling(code="INVALID"):
        changes.set_sms_consent(context.world, context.shop, customer, consent)
    return {"customer": customer}


@resolves("Mutation", "customerMerge")
def customer_merge(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    """The second customer is kept, as Shopify does without overrides."""
    gone = wanted(context, arguments["customerOneId"], "Customer", ["customerOneId"])
    kept = wanted(context, arguments["customerTwoId"], "Customer", ["customerTwoId"])
    if gone is kept:
        raise refuse("Customers IDs should not match.", None, "INVALID_CUSTOMER_ID")
    changes.merge_customers(context.world, context.shop, kept, gone)
    job = {"__typename": "Job", "id": f"gid://shopify/Job/{gone.id}", "done": True}
    return {"resultingCustomerId": kept.gid, "job": job}


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    return {own: given[name] for name, own in _FIELDS.items() if name in given}


def _consents(given: dict[str, Any]) -> dict[str, Any]:
    pairs = (("emailMarketingConsent", "email_consent"), ("smsMarketingConsent", "sms_consent"))
    return {own: _consent(given[name]) for name, own in pairs if given.get(name)}


def _consent(given: dict[str, Any]) -> Consent:
    level = given.get("marketingOptInLevel")
    return Consent(
        state=given["marketingState"].lower(),
        opt_in_level=level.lower() if level else "single_opt_in",
        updated_at=moment(given.get("consentUpdatedAt")) or utc_now(),
        collected_from="other",
    )


def _check_state(consent: Consent, name: str) -> None:
    """Only these three are taken; the others are Shopify's own to set."""
    if consent.state not in ("subscribed", "unsubscribed", "pending"):
        message = f"Cannot specify {consent.state.upper()} as a marketing state input"
        raise refuse(message, ["input", name, "marketingState"], "INVALID")


def _write_metafields(context: Context, customer: Any, given: dict[str, Any]) -> None:
    inputs = [{"ownerId": customer.gid, **field} for field in given.get("metafields") or ()]
    if inputs:
        set_all(context, inputs)


def _tagged(context: Context, arguments: dict[str, Any], mutation: str) -> Any:
    """The record to tag; the scope depends on what it is."""
    node = context.shop.find_gid(arguments["id"])
    if node is None or not hasattr(node, "tags"):
        raise refuse("invalid id", ["id"])
    context.require(f"write_{node.typename.lower()}s", mutation)
    return node


def _split(tags: list[str]) -> list[str]:
    return [part for tag in tags for part in tag.split(",")]
