"""When a member's points expire, day by day. Reads only."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from loyalty.base.clock import day_in
from loyalty.base.errors import MemberNotFound
from loyalty.expiry import terms
from loyalty.ledger.tables import Lot
from loyalty.members.tables import MemberBalance
from loyalty.programme.tables import Programme
from loyalty.shops.tables import Shop


@dataclass(frozen=True, slots=True)
class ExpiryDay:
    """Points whose last day is `last_valid_on`, None for those that never expire.

    `is_pending`: they are on hold until `available_at`, from when their time runs.
    """

    last_valid_on: date | None
    points: int
    is_pending: bool = False


def expiry_calendar(
    session: Session, shop: Shop, member_id: UUID, *, now: datetime
) -> list[ExpiryDay]:
    """The member's points by their last day, soonest first, never-expiring last.

    Points on hold stand by the day that they will have if released in time. What is over but
    not posted yet is left out. Raises MemberNotFound.
    """
    programme = session.get_one(Programme, shop.shop_id)
    balance = session.get(MemberBalance, (shop.shop_id, member_id), populate_existing=True)
    if balance is None:
        raise MemberNotFound(str(member_id))
    sums: dict[tuple[date | None, bool], int] = defaultdict(int)
    for lot in _open_lots(session, shop.shop_id, member_id):
        sums[_last_day(lot, programme, shop.timezone, balance.active_on), _is_held(lot)] += (
            lot.points_left
        )
    today = day_in(shop.timezone, now)
    days = [
        ExpiryDay(day, points, is_held)
        for (day, is_held), points in sums.items()
        if day is None or is_held or day >= today
    ]
    return sorted(days, key=lambda day: (day.last_valid_on or date.max, day.is_pending))


def _open_lots(session: Session, shop_id: int, member_id: UUID) -> list[Row[Any]]:
    """Columns alone: a member of years may hold thousands of lots."""
    statement = select(Lot.points_left, Lot.last_valid_on, Lot.available_at, Lot.released_at).where(
        Lot.shop_id == shop_id, Lot.member_id == member_id, Lot.points_left > 0
    )
    return list(session.execute(statement))


def _is_held(lot: Row[Any]) -> bool:
    return lot.released_at is None


def _last_day(
    lot: Row[Any], programme: Programme, zone: str, active_on: date | None
) -> date | None:
    """By its own date, by the rule from the end of its hold, or by inactivity."""
    by_date = lot.last_valid_on
    if lot.released_at is None and by_date is None:
        by_date = terms.last_valid_on(programme, zone, lot.available_at)
    released_on = day_in(zone, lot.released_at or lot.available_at)
    idle = terms.idle_until(programme, active_on, released_on)
    return min((day for day in (by_date, idle) if day is not None), default=None)
