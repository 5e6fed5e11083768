"""The shop's places by id, for forms that ask where. Reads only."""

from flask import g
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.shops.tables import Location


def list_places(session: Session) -> dict[int, str]:
    """The names of the shop's open and closed places by id, in order of their names."""
    found = session.execute(
        select(Location.location_id, Location.name)
        .where(Location.shop_id == g.shop_id, Location.deleted_at.is_(None))
        .order_by(Location.name, Location.location_id)
    )
    return {row.location_id: row.name for row in found}
