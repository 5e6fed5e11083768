"""Where the shop's places are, kept in step with Shopify's locations; the newest word stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty import outbox
from loyalty.base.clock import utc_now
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

    Facts without coordinates leave those we know. A change that stands on the cards is told.
    """
    before = _on_cards(session, shop_id, facts.location_id)
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
    was_stored = session.scalar(stored.returning(Location.location_id)) is not None
    if was_stored and _on_cards(session, shop_id, facts.location_id) != before:
        outbox.stage(session, shop_id, outbox.CARDS_CHANGED, now=utc_now())
    return was_stored


def delete_location(session: Session, shop_id: int, location_id: int, *, now: datetime) -> None:
    """Hide the location for good; one that we never saw cannot come up late any more either."""
    was_on_cards = _on_cards(session, shop_id, location_id) is not None
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
    if was_on_cards:
        outbox.stage(session, shop_id, outbox.CARDS_CHANGED, now=now)


def _on_cards(session: Session, shop_id: int, location_id: int) -> tuple[str, str, str] | None:
    """What the members' cards tell of the location: name and coordinates; None if nothing."""
    row = session.execute(
        select(Location.name, Location.latitude, Location.longitude).where(
            Location.shop_id == shop_id,
            Location.location_id == location_id,
            Location.is_active,
            Location.latitude.is_not(None),
            Location.longitude.is_not(None),
        )
    ).one_or_none()
    return (row.name, str(row.latitude), str(row.longitude)) if row else None
