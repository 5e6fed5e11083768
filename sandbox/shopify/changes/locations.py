"""What happens to a shop's locations: opened, moved, closed for a while, deleted."""

from __future__ import annotations

from typing import Any

from ..clock import utc_now
from ..store.records import Location
from ..store.refunding import RefusedChange
from ..store.shop import Shop
from ..webhooks.location_payloads import deleted_location, location_payload
from ..world import World

PLAIN = (
    *("name", "address1", "city", "province", "province_code", "zip", "country", "country_code"),
    *("phone", "latitude", "longitude"),
)


def create_location(world: World, shop: Shop, wanted: dict[str, Any]) -> Location:
    """A new location at the shop's own address, but for the fields that are given."""
    if not wanted.get("name"):
        raise RefusedChange("Name can't be blank", ["name"])
    now, place = utc_now(), shop.address
    location = Location(
        id=shop.next_id("Location"),
        name=wanted["name"],
        address1=place.address1 or "",
        city=place.city or "",
        province=place.province,
        province_code=place.province_code,
        zip=place.zip or "",
        country=place.country,
        country_code=place.country_code,
        latitude=0.0,
        longitude=0.0,
        phone=shop.phone,
        created_at=now,
        updated_at=now,
    )
    _assign(location, wanted)
    shop.add(location)
    world.emitter.emit(shop, ("locations/create", location_payload(shop, location)))
    return location


def update_location(world: World, shop: Shop, location: Location, wanted: dict[str, Any]) -> None:
    """Change the fields that are given."""
    _assign(location, wanted)
    _tell(world, shop, location, "locations/update")


def switch_location(world: World, shop: Shop, location: Location, *, is_active: bool) -> None:
    """Close a location for a while, or open it again; one must stay open."""
    others = [place for place in shop.all("Location") if place.is_active and place is not location]
    if not is_active and not others:
        raise RefusedChange("The location could not be deactivated: it is the only active one")
    location.is_active = is_active
    _tell(world, shop, location, "locations/activate" if is_active else "locations/deactivate")


def delete_location(world: World, shop: Shop, location: Location) -> None:
    """Remove a location; an active one must be deactivated first, as in Shopify."""
    if location.is_active:
        raise RefusedChange("The location cannot be deleted while it is active", ["id"])
    shop.remove(location)
    world.emitter.emit(shop, ("locations/delete", deleted_location(location)))


def _assign(location: Location, wanted: dict[str, Any]) -> None:
    for key in PLAIN:
        if key in wanted:
            setattr(location, key, wanted[key])


def _tell(world: World, shop: Shop, location: Location, topic: str) -> None:
    location.updated_at = utc_now()
    world.emitter.emit(shop, (topic, location_payload(shop, location)))
