"""The places that stand on the cards: near one, the lock screen suggests the card."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.shops.tables import Location

PLACES_MAX = 10
"""As many as Apple and Google take."""

Place = dict[str, str]


def list_places(session: Session, shop_id: int) -> list[Place]:
    """The shop's active places whose coordinates are known: name, latitude, longitude; ≤ 10."""
    rows = session.scalars(
        select(Location)
        .where(
            Location.shop_id == shop_id,
            Location.is_active,
            Location.latitude.is_not(None),
            Location.longitude.is_not(None),
        )
        .order_by(Location.location_id)
        .limit(PLACES_MAX)
    )
    return [
        {"name": row.name, "latitude": str(row.latitude), "longitude": str(row.longitude)}
        for row in rows
    ]
