"""Which redemptions a sweep must bring on: each is claimed by one sweeper, for a while.

The invariant: what is neither points nor a usable code is looked at again until it is one of them.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.redemption.open_orders import is_carried
from loyalty.redemption.points import LEASE
from loyalty.redemption.returning import begin_locked
from loyalty.redemption.tables import Redemption

EXPIRED = "expired"


def list_due(session: Session, shop_id: int, *, now: datetime, limit: int) -> list[UUID]:
    """Claim up to `limit` redemptions that wait for Shopify, the longest due first.

    Who claims has 30 seconds; what others hold is left out. Flushes; commit before calling.
    """
    due = session.scalars(
        select(Redemption)
        .where(
            Redemption.shop_id == shop_id,
            Redemption.state.in_(("reserved", "returning")),
            Redemption.next_at <= now,
        )
        .order_by(Redemption.next_at, Redemption.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for redemption in due:
        redemption.next_at = now + LEASE
    session.flush()
    return [redemption.id for redemption in due]


def begin_expired(session: Session, shop_id: int, *, now: datetime, limit: int) -> int:
    """Begin to take back up to `limit` unused codes whose time is over; how many there were.

    Not one that an unpaid order carries: it is used when that order is paid.
    """
    over = session.scalars(
        select(Redemption)
        .where(
            Redemption.shop_id == shop_id,
            Redemption.state == "issued",
            Redemption.expires_at <= now,
            ~is_carried(),
        )
        .order_by(Redemption.expires_at, Redemption.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for redemption in over:
        begin_locked(redemption, reason=EXPIRED, now=now)
    session.flush()
    return len(over)
