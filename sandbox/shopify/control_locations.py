"""Control of locations: open, change, close, open again, delete."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from .changes import locations as changes
from .control_request import body, named_shop
from .store.records import Location
from .store.shop import Shop
from .webhooks.location_payloads import location_payload
from .world import World


def location_routes(pages: Blueprint, world: World) -> None:
    """`POST /locations`, then `/locations/<id>/update|deactivate|activate` and DELETE."""

    @pages.post("/locations")
    def create_location() -> Response:
        with world.lock:
            shop = named_shop(world)
            made = changes.create_location(world, shop, _wanted())
            return jsonify(location_payload(shop, made))

    @pages.post("/locations/<int:location_id>/update")
    def update_location(location_id: int) -> Response:
        with world.lock:
            shop = named_shop(world)
            location = _location(shop, location_id)
            changes.update_location(world, shop, location, _wanted())
            return jsonify(location_payload(shop, location))

    @pages.post("/locations/<int:location_id>/<any(activate,deactivate):verb>")
    def switch_location(location_id: int, verb: str) -> Response:
        with world.lock:
            shop = named_shop(world)
            location = _location(shop, location_id)
            changes.switch_location(world, shop, location, is_active=verb == "activate")
            return jsonify(location_payload(shop, location))

    @pages.delete("/locations/<int:location_id>")
    def delete_location(location_id: int) -> Response:
        with world.lock:
            shop = named_shop(world)
            changes.delete_location(world, shop, _location(shop, location_id))
            return jsonify({"id": location_id})


def _wanted() -> dict[str, object]:
    return {key: value for key, value in body().items() if key != "shop"}


def _location(shop: Shop, location_id: int) -> Location:
    location: Location | None = shop.find("Location", location_id)
    if location is None:
        raise LookupError(f"location {location_id}")
    return location
