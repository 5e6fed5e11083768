"""Where a till says it stands: one of the shop's open places, or it is refused.

POS's session token names the shop and the user and no place, so which of the shop's own places it
is stays the till's word; a place that is not the shop's is never taken.
https://shopify.dev/docs/api/pos-ui-extensions/latest/target-apis/platform-apis/session-api (read
2026-11-22)
"""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from loyalty.actions.readers import get_open_location
from loyalty.base.errors import LocationNotFound
from loyalty.shops.tables import Location


def check_place(session: Session, shop_id: int, location_id: int) -> None:
    """Raises LocationNotFound for a place of another shop, a closed one, or one of nobody.

    A shop of which no place is known yet, in the minutes after the install, is taken at its word.
    """
    try:
        get_open_location(session, shop_id, location_id)
    except LocationNotFound:
        if session.scalar(select(exists().where(Location.shop_id == shop_id))):
            raise
