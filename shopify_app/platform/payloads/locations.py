"""A location in a webhook: it has an address, and no coordinates."""

from typing import Any

from loyalty.shops.locations import LocationFacts
from shopify_app.platform.payloads.reading import flag, moment, own_id, text, text_or_none

_ADDRESS = ("address1", "address2", "city", "province_code", "zip", "country_code")


def read_location(payload: dict[str, Any]) -> LocationFacts:
    """The facts of a location; its coordinates are unknown here."""
    return LocationFacts(
        location_id=own_id(payload, "location"),
        name=text(payload, "name"),
        is_active=flag(payload, "active"),
        address={key: line for key in _ADDRESS if (line := text_or_none(payload, key))},
        latitude=None,
        longitude=None,
        updated_at=moment(payload, "updated_at"),
    )
