"""Where the shop's places are, kept in step with Shopify's locations."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty.shops.tables import Location


@dataclass(frozen=True, slots=True)
class LocationFacts:
    """A location as Shopify tells it; coordinates are decimal strings."""

    location_id: int
    name: str
    is_active: bool
    address: dict[str, Any]
    latitude: str | None
    longitude: str | None


def record_location(session: Session, shop_id: int, facts: LocationFacts) -> None:
    """Store the newest facts of one location."""
    values = {name: getattr(facts, name) for name in LocationFacts.__slots__}
    statement = insert(Location).values(shop_id=shop_id, **values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["shop_id", "location_id"],
            set_={name: statement.excluded[name] for name in values if name != "location_id"},
        )
    )
