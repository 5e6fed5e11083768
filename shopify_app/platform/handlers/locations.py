"""Locations: kept in step. What a webhook does not tell, the coordinates, is read by a job."""

from sqlalchemy.orm import Session

from loyalty.shops import locations
from loyalty.shops.tables import Shop
from shopify_app.platform import backfill_runs as runs
from shopify_app.platform.deliveries import Delivery
from shopify_app.platform.errors import Ignored
from shopify_app.platform.payloads.locations import read_location
from shopify_app.platform.payloads.reading import own_id


def record(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Record the location as this payload has it, and have its coordinates read."""
    facts = read_location(delivery.payload)
    if not locations.record_location(session, shop.shop_id, facts):
        raise Ignored("older than what we know of the location")
    runs.ask_for_location(session, shop.shop_id, facts.location_id, now=delivery.now)


def delete(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Hide the location for good: whatever comes later is older."""
    location_id = own_id(delivery.payload, "location")
    locations.delete_location(session, shop.shop_id, location_id, now=delivery.now)
