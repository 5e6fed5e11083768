"""What a customer said to marketing, in the two webhooks that tell it and in GraphQL's nodes.

A state that is no word of the customer's, such as invalid, reads as None: silence. Not being
subscribed since a time takes back a yes from before it; without a time it was never anything else.
"""

from datetime import datetime
from typing import Any

from loyalty.members.consent import WITHDRAWN
from loyalty.members.facts import ConsentFacts
from shopify_app.platform.payloads.reading import (
    identifier,
    moment_or_none,
    object_at,
    own_id,
    text_or_none,
)

Node = dict[str, Any]

_WORDS = {
    "subscribed": "subscribed",
    "pending": "asked",
    "unsubscribed": "unsubscribed",
    "not_subscribed": WITHDRAWN,
    "redacted": WITHDRAWN,
}


def read_email_consent(payload: Node, *, occurred_at: datetime) -> tuple[int, ConsentFacts | None]:
    """The customer of customers_email_marketing_consent/update and what they said.

    A word without a time was said when Shopify told of it.
    """
    customer_id = identifier(payload.get("customer_id"), "customer_id")
    consent = object_at(payload, "email_marketing_consent")
    return customer_id, _read(consent, "email", "consent_updated_at", occurred_at)


def read_sms_consent(payload: Node, *, occurred_at: datetime) -> tuple[int, ConsentFacts | None]:
    """The customer of customers_marketing_consent/update and what they said, likewise."""
    consent = object_at(payload, "sms_marketing_consent")
    return own_id(payload, "customer"), _read(consent, "sms", "consent_updated_at", occurred_at)


def read_consents(node: Node) -> tuple[ConsentFacts, ...]:
    """The words of a customer's node; one without a time is as old as the customer."""
    since = moment_or_none(node, "createdAt")
    found = (_email(node, since), _sms(node, since))
    return tuple(word for word in found if word is not None)


def word_of(state: object) -> str | None:
    """The member's word for a state of Shopify's, in whichever case it comes; None: silence."""
    return _WORDS.get(state.lower()) if isinstance(state, str) else None


def _email(node: Node, since: datetime | None) -> ConsentFacts | None:
    email = node.get("defaultEmailAddress")
    if not isinstance(email, dict):
        return None
    said = {"state": email.get("marketingState"), "updatedAt": email.get("marketingUpdatedAt")}
    return _read(said, "email", "updatedAt", since)


def _sms(node: Node, since: datetime | None) -> ConsentFacts | None:
    phone = node.get("defaultPhoneNumber")
    consent = phone.get("smsMarketingConsent") if isinstance(phone, dict) else None
    return _read(consent, "sms", "updatedAt", since) if isinstance(consent, dict) else None


def _read(consent: Node, channel: str, time: str, without: datetime | None) -> ConsentFacts | None:
    word = word_of(text_or_none(consent, "state"))
    said_at = moment_or_none(consent, time) or (without if word != WITHDRAWN else None)
    if word is None or said_at is None:
        return None
    return ConsentFacts(channel, word, said_at)
