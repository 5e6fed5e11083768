"""Values of the Admin API that have no record of their own: money, consent, counts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..store.records import Address, Consent


def money(amount: Decimal, currency: str) -> dict[str, Any]:
    """A MoneyV2."""
    return {"__typename": "MoneyV2", "amount": amount, "currencyCode": currency}


def money_bag(amount: Decimal, currency: str) -> dict[str, Any]:
    """A MoneyBag; shops sell in their own currency, so both sides are the same."""
    return {"shopMoney": money(amount, currency), "presentmentMoney": money(amount, currency)}


def count(number: int, limit: int | None = None) -> dict[str, Any]:
    """A Count: exact, or AT_LEAST the limit."""
    if limit is not None and number > limit:
        return {"count": limit, "precision": "AT_LEAST"}
    return {"count": number, "precision": "EXACT"}


def sms_consent(consent: Consent) -> dict[str, Any]:
    """A CustomerSmsMarketingConsent; this API calls not_subscribed NEVER_SUBSCRIBED."""
    state = "NEVER_SUBSCRIBED" if consent.state == "not_subscribed" else consent.state.upper()
    return {
        "state": state,
        "optInLevel": _upper(consent.opt_in_level),
        "updatedAt": consent.updated_at,
        "collectedFrom": _upper(consent.collected_from),
    }


def mailing_address(address: Address | None) -> dict[str, Any] | None:
    """A MailingAddress as a value; None stays None."""
    if address is None:
        return None
    area = ", ".join(part for part in (address.city, address.province_code) if part)
    return {
        "__typename": "MailingAddress",
        "id": f"{address.gid}?model_name=CustomerAddress",
        "firstName": address.first_name,
        "lastName": address.last_name,
        "name": address.name,
        "address1": address.address1,
        "address2": address.address2,
        "city": address.city,
        "company": address.company,
        "province": address.province,
        "provinceCode": address.province_code,
        "zip": address.zip,
        "country": address.country,
        "countryCodeV2": address.country_code,
        "phone": address.phone,
        "coordinatesValidated": False,
        "formattedArea": f"{area}, {address.country}",
        "formatted": [
            line
            for line in (address.name, address.address1, f"{area} {address.zip}", address.country)
            if line
        ],
    }


def _upper(text: str | None) -> str | None:
    return text.upper() if text else None
