"""Where the shop's places are, kept in step with Shopify's locations; the newest word stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty.shops.tables import Location


@dataclass(frozen=True, slots=True)
class LocationFacts:
    """A location as Shopify tells it; coordinates are decimal strings, None where unknown."""

    location_id: int
    name: str
    is_active: bool
    address: dict[str, Any]
    latitude: str | None
    longitude: str | None
    updated_at: datetime


def record_location(session: Session, shop_id: int, facts: LocationFacts) -> bool:
    """Store the facts unless we know newer ones or the location is gone; whether they were stored.

    Facts without coordinates leave those we know.
    """
    news = insert(Location).values(
        shop_id=shop_id,
        location_id=facts.location_id,
        name=facts.name,
        is_active=facts.is_active,
        address=facts.address,
        latitude=facts.latitude,
        longitude=facts.longitude,
        shopify_updated_at=facts.updated_at,
    )
    theirs = news.excluded
    stored = news.on_conflict_do_update(
        index_elements=["shop_id", "location_id"],
        set_={
            "name": theirs.name,
            "is_active": theirs.is_active,
            "address": theirs.address,
            "latitude": func.coalesce(theirs.latitude, Location.latitude),
            "longitude": func.coalesce(theirs.longitude, Location.longitude),
            "shopify_updated_at": theirs.shopify_updated_at,
        },
        where=Location.deleted_at.is_(None)
        & or_(
            Location.shopify_updated_at.is_(None),
            Location.shopify_updated_at <= theirs.shopify_updated_at,
        ),
    )
    return session.scalar(stored.returning(Location.location_id)) is not None


def delete_location(session: Session, shop_id: int, location_id: int, *, now: datetime) -> None:
    """Hide the location for good; one that we never saw cannot come up late any more either."""
    gone = insert(Location).values(
        shop_id=shop_id,
        location_id=location_id,
        name="",
        is_active=False,
        address={},
        deleted_at=now,
    )
    session.execute(
        gone.on_conflict_do_update(
            index_elements=["shop_id", "location_id"],
            set_={"is_active": False, "deleted_at": func.coalesce(Location.deleted_at, now)},
        )
    )
