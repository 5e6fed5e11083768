"""Which campaigns a worker has something to do for. Reads only."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from loyalty.campaigns.tables import Campaign


def list_work(session: Session, shop_id: int, *, now: datetime) -> Sequence[UUID]:
    """Those that are due, under way or being closed, the oldest first; paused ones too, for what
    was under way when they were paused still ends.
    """
    is_due = and_(Campaign.state == "scheduled", Campaign.starts_at <= now)
    is_closing = and_(Campaign.state == "stopped", Campaign.done_at.is_(None))
    is_open = Campaign.state.in_(("preparing", "sending", "paused"))
    return session.scalars(
        select(Campaign.id)
        .where(Campaign.shop_id == shop_id, or_(is_due, is_closing, is_open))
        .order_by(Campaign.id)
    ).all()
