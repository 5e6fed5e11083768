"""What the Overview says of points: the summary, and when they expire, day by day. Reads only."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from loyalty.base.clock import day_in, utc_now
from loyalty.expiry.calendar import ExpiryDay, expiry_calendar
from loyalty.queries.profile import Profile
from loyalty.shops.tables import Shop

_SOON_DAYS = 30


@dataclass(frozen=True, slots=True)
class ShownDay:
    """Points and their last day; `is_soon`: within 30 days."""

    day: ExpiryDay
    is_soon: bool


def read_points(session: Session, shop: Shop, member: Profile) -> dict[str, Any]:
    """The calendar of an active member; nobody else's points run."""
    if member.state != "active":
        return {"expiry_days": []}
    now = utc_now()
    today = day_in(shop.timezone, now)
    days = expiry_calendar(session, shop, member.id, now=now)
    return {
        "expiry_days": [
            ShownDay(
                day,
                day.last_valid_on is not None and (day.last_valid_on - today).days <= _SOON_DAYS,
            )
            for day in days
        ]
    }
