"""A customer in a webhook, whole or as the short copy inside an order."""

from typing import Any

from loyalty.members.facts import CustomerFacts
from shopify_app.platform.payloads.reading import flag, moment_or_none, own_id, text_or_none

_ADDRESS = ("address1", "address2", "city", "province_code", "zip", "country_code")


def read_customer(payload: dict[str, Any]) -> CustomerFacts:
    """The facts of a customer; every personal field may be null where the app may not see it."""
    email = text_or_none(payload, "email")
    return CustomerFacts(
        customer_id=own_id(payload, "customer"),
        first_name=text_or_none(payload, "first_name"),
        last_name=text_or_none(payload, "last_name"),
        email=email,
        phone=text_or_none(payload, "phone"),
        has_account=payload.get("state") == "enabled",
        has_verified_email=email is not None and flag(payload, "verified_email"),
        address=read_address(payload.get("default_address")),
        customer_since=moment_or_none(payload, "created_at"),
        updated_at=moment_or_none(payload, "updated_at"),
    )


def read_address(value: object) -> dict[str, str] | None:
    """The lines of a postal address that are there."""
    if not isinstance(value, dict):
        return None
    return {key: line for key in _ADDRESS if (line := text_or_none(value, key))} or None
