"""REST payloads of locations: an address, and no coordinates."""

from __future__ import annotations

from typing import Any

from ..clock import rest_time
from ..store.records import Location
from ..store.shop import Shop

_NAMES = {"DE": "Germany", "CA": "Canada", "ES": "Spain", "US": "United States"}


def location_payload(shop: Shop, location: Location) -> dict[str, Any]:
    """locations/create, update, activate and deactivate."""
    return {
        "id": location.id,
        "name": location.name,
        "address1": location.address1,
        "address2": "",
        "city": location.city,
        "zip": location.zip,
        "province": location.province or "",
        "country": location.country_code,
        "phone": location.phone or "",
        "created_at": rest_time(location.created_at, shop.timezone),
        "updated_at": rest_time(location.updated_at, shop.timezone),
        "country_code": location.country_code,
        "country_name": _NAMES.get(location.country_code, location.country),
        "province_code": location.province_code or "",
        "legacy": False,
        "active": location.is_active,
        "admin_graphql_api_id": location.gid,
    }


def deleted_location(location: Location) -> dict[str, Any]:
    """locations/delete: the id alone."""
    return {"id": location.id}
