"""What happens to customers: created, changed, tagged, merged, deleted; their consent."""

from __future__ import annotations

import re
from typing import Any

from ..clock import utc_now
from ..store.records import Consent, Customer
from ..store.refunding import RefusedChange
from ..store.shop import Shop
from ..webhooks.customer_payloads import (
    customer_payload,
    deleted_customer,
    email_consent_payload,
    merge_payload,
    sms_consent_payload,
    tags_payload,
)
from ..webhooks.emitter import Message
from ..world import World

_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
# Numbers of North America have ten digits, neither area nor exchange beginning with 0 or 1;
# calling code 999 is nobody's. https://www.itu.int/rec/T-REC-E.164 (read 2026-11-22)
_PHONE = re.compile(r"^\+(?:1[2-9]\d\d[2-9]\d{6}|(?!1|999)[1-9]\d{6,14})$")
PLAIN = ("first_name", "last_name", "note", "locale", "tax_exempt", "verified_email", "state")


def create_customer(world: World, shop: Shop, wanted: dict[str, Any]) -> Customer:
    """A new customer from plain fields; a name, an email or a phone must be there."""
    if not any(wanted.get(key) for key in ("first_name", "last_name", "email", "phone")):
        raise RefusedChange("A name, phone number, or email address must be present")
    _check_contact(shop, wanted, None)
    now = utc_now()
    customer = Customer(shop.next_id("Customer"), None, None, None, None, now, now)
    _assign(customer, wanted)
    customer.tags = _clean_tags(wanted.get("tags", []))
    for kind in ("email_consent", "sms_consent"):
        if wanted.get(kind):
            setattr(customer, kind, wanted[kind])
    shop.add(customer)
    world.emitter.emit(shop, ("customers/create", customer_payload(shop, customer)))
    return customer


def update_customer(
    world: World, shop: Shop, customer: Customer, wanted: dict[str, Any]
) -> Customer:
    """Change the fields that are given."""
    _check_contact(shop, wanted, customer)
    _assign(customer, wanted)
    before = customer.tags
    if "tags" in wanted:
        customer.tags = _clean_tags(wanted["tags"])
    _tell(world, shop, customer, *_tag_messages(customer, before))
    return customer


def add_tags(world: World, shop: Shop, record: Any, tags: list[str]) -> None:
    """Add tags that are not there yet; case does not tell two apart."""
    before = record.tags
    record.tags = _clean_tags([*before, *tags])
    _tagged(world, shop, record, before)


def remove_tags(world: World, shop: Shop, record: Any, tags: list[str]) -> None:
    """Take tags away."""
    before = record.tags
    gone = {tag.strip().lower() for tag in tags}
    record.tags = [tag for tag in before if tag.lower() not in gone]
    _tagged(world, shop, record, before)


def set_email_consent(world: World, shop: Shop, customer: Customer, consent: Consent) -> None:
    """Change the consent to marketing by email; an older word than the one held changes nothing."""
    if customer.email is None:
        raise RefusedChange("An email address is required to set the email marketing consent state")
    if _is_older(consent, customer.email_consent):
        return
    customer.email_consent = consent
    payload = email_consent_payload(shop, customer)
    _tell(world, shop, customer, ("customers_email_marketing_consent/update", payload))


def set_sms_consent(world: World, shop: Shop, customer: Customer, consent: Consent) -> None:
    """Change the consent to marketing by SMS, likewise."""
    if customer.phone is None:
        raise RefusedChange("A phone number is required to set the SMS consent state.")
    if _is_older(consent, customer.sms_consent):
        return
    customer.sms_consent = consent
    payload = sms_consent_payload(shop, customer)
    _tell(world, shop, customer, ("customers_marketing_consent/update", payload))


def _is_older(consent: Consent, held: Consent) -> bool:
    """Whether the word held is of a later day: the state is that of the most recent word.

    https://shopify.dev/docs/api/admin-graphql/latest/objects/CustomerSmsMarketingConsentState
    """
    return (
        consent.updated_at is not None
        and held.updated_at is not None
        and consent.updated_at < held.updated_at
    )


def touch_customer(world: World, shop: Shop, customer: Customer) -> None:
    """Something of theirs changed that no payload tells."""
    _tell(world, shop, customer)


def set_metafield(
    world: World, shop: Shop, customer: Customer, namespace: str, key: str, wanted: dict[str, Any]
) -> None:
    """Somebody changes or removes (`value` null) a value of an app's by hand; quietly if asked."""
    full = namespace.replace("$app:", f"app--{world.settings.app_id}--", 1)
    held = shop.metafield(customer.gid, full, key)
    if held is None:
        raise RefusedChange("There is no such metafield", ["key"])
    if wanted["value"] is None:
        shop.remove(held)
    else:
        held.value, held.updated_at = str(wanted["value"]), utc_now()
    if not wanted.get("quietly"):
        touch_customer(world, shop, customer)


def delete_customer(world: World, shop: Shop, customer: Customer) -> None:
    """Remove a customer; somebody with orders stays, as in Shopify."""
    if shop.orders_of(customer.id):
        raise RefusedChange("Customer can’t be deleted because they have associated orders", ["id"])
    shop.remove(customer)
    world.emitter.emit(shop, ("customers/delete", deleted_customer(customer)))


def merge_customers(
    world: World, shop: Shop, kept: Customer, gone: Customer, failure: str | None = None
) -> None:
    """Move one customer's orders to another and delete it; a failure is told and moves nothing."""
    messages: list[Message] = [("customers/merge", merge_payload(kept, gone, failure))]
    if failure is None:
        for order in shop.orders_of(gone.id):
            order.customer_id = kept.id
        kept.email, kept.phone = kept.email or gone.email, kept.phone or gone.phone
        kept.tags = _clean_tags([*kept.tags, *gone.tags])
        kept.updated_at = utc_now()
        shop.remove(gone)
        messages.append(("customers/delete", deleted_customer(gone)))
        messages.append(("customers/update", customer_payload(shop, kept)))
    world.emitter.emit(shop, *messages)


def _check_contact(shop: Shop, wanted: dict[str, Any], own: Customer | None) -> None:
    """Email and phone must be well formed and nobody else's."""
    email, phone = wanted.get("email"), wanted.get("phone")
    if email and not _EMAIL.match(email):
        raise RefusedChange("Email is invalid", ["email"], "INVALID")
    if phone and not _PHONE.match(phone):
        raise RefusedChange("Phone is invalid", ["phone"], "INVALID")
    if email and shop.customer_by(email=email) not in (None, own):
        raise RefusedChange("Email has already been taken", ["email"], "TAKEN")
    if phone and shop.customer_by(phone=phone) not in (None, own):
        raise RefusedChange("Phone has already been taken", ["phone"], "TAKEN")


def _assign(customer: Customer, wanted: dict[str, Any]) -> None:
    for key in (*PLAIN, "email", "phone"):
        if key in wanted:
            value = wanted[key]
            # An empty text takes the value away.
            setattr(customer, key, None if value == "" else value)


def _clean_tags(tags: list[str] | str) -> list[str]:
    """Tags without blanks and doubles, in alphabetical order as Shopify keeps them."""
    wanted = tags.split(",") if isinstance(tags, str) else tags
    known: dict[str, str] = {}
    for tag in wanted:
        if tag.strip():
            known.setdefault(tag.strip().lower(), tag.strip())
    return sorted(known.values(), key=str.lower)


def _tagged(world: World, shop: Shop, record: Any, before: list[str]) -> None:
    record.updated_at = utc_now()
    if isinstance(record, Customer) and record.tags != before:
        _tell(world, shop, record, *_tag_messages(record, before))


def _tag_messages(customer: Customer, before: list[str]) -> list[Message]:
    now = utc_now()
    messages: list[Message] = []
    added = [tag for tag in customer.tags if tag not in before]
    removed = [tag for tag in before if tag not in customer.tags]
    if added:
        messages.append(("customer.tags_added", tags_payload(customer, added, now)))
    if removed:
        messages.append(("customer.tags_removed", tags_payload(customer, removed, now)))
    return messages


def _tell(world: World, shop: Shop, customer: Customer, *messages: Message) -> None:
    customer.updated_at = utc_now()
    updated: Message = ("customers/update", customer_payload(shop, customer))
    world.emitter.emit(shop, updated, *messages)
