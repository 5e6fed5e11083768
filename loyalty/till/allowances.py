"""What a user of the till has granted and redeemed on one of the shop's days.

The invariant: one row for a user and day, raised under its own lock, so that of two who race for
the last points one is told.
"""

from datetime import datetime
from typing import Literal

from sqlalchemy import select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from loyalty.base.clock import day_in
from loyalty.shops.tables import Shop
from loyalty.till.tables import TillAllowance

Use = Literal["granted", "redeemed"]


def read_used(session: Session, shop: Shop, user_id: int, use: Use, *, now: datetime) -> int:
    """Points that the user has granted or redeemed on the shop's present day."""
    used = session.scalar(
        select(_column(use)).where(
            TillAllowance.shop_id == shop.shop_id,
            TillAllowance.user_id == user_id,
            TillAllowance.day_on == day_in(shop.timezone, now),
        )
    )
    return used or 0


def raise_used(
    session: Session,
    shop: Shop,
    user_id: int,
    use: Use,
    points: int,
    *,
    limit: int | None,
    now: datetime,
) -> bool:
    """Count `points` against the day; False, and nothing written, when the limit would be passed.

    `limit` None is no limit. Waits for others of the same user.
    """
    if limit is not None and points > limit:
        return False
    row = {
        "shop_id": shop.shop_id,
        "user_id": user_id,
        "day_on": day_in(shop.timezone, now),
        use: points,
    }
    raised = _column(use) + points
    statement = (
        insert(TillAllowance)
        .values(row)
        .on_conflict_do_update(
            index_elements=["shop_id", "user_id", "day_on"],
            set_={use: raised},
            where=true() if limit is None else raised <= limit,
        )
        .returning(TillAllowance.user_id)
    )
    return session.scalar(statement) is not None


def _column(use: Use) -> InstrumentedAttribute[int]:
    return TillAllowance.granted if use == "granted" else TillAllowance.redeemed
