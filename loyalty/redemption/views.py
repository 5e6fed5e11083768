"""Redemptions as people see them: a member's own, and those that somebody should look at. Reads."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from loyalty.base.errors import RedemptionNotFound
from loyalty.queries import paging
from loyalty.queries.paging import Batch
from loyalty.redemption.tables import Redemption

LIMIT = 50


def get_redemption(session: Session, shop_id: int, redemption_id: UUID) -> Redemption:
    """The redemption as committed by now; raises RedemptionNotFound."""
    redemption = session.get(Redemption, (shop_id, redemption_id), populate_existing=True)
    if redemption is None:
        raise RedemptionNotFound(str(redemption_id))
    return redemption


def list_redemptions(
    session: Session, shop_id: int, member_id: UUID, *, limit: int = LIMIT, after: str | None = None
) -> Batch[Redemption]:
    """The member's redemptions, the newest first; a foreign cursor begins at the newest."""
    statement = (
        select(Redemption)
        .where(Redemption.shop_id == shop_id, Redemption.member_id == member_id)
        .execution_options(populate_existing=True)
    )
    return paging.newest_first(
        session, statement, Redemption.reserved_at, Redemption.id, limit=limit, after=after
    )


def list_flagged(
    session: Session, shop_id: int, *, since: datetime, limit: int = 1000
) -> Sequence[Redemption]:
    """Redemptions since then that somebody should look at, the newest first."""
    return session.scalars(
        select(Redemption)
        .where(
            Redemption.shop_id == shop_id,
            # As a literal, for the index of those that are flagged.
            text("flags <> '[]'"),
            Redemption.reserved_at >= since,
        )
        .order_by(Redemption.reserved_at.desc(), Redemption.id.desc())
        .limit(limit)
    ).all()


def list_waiting(session: Session, shop_id: int, *, limit: int = 1000) -> Sequence[Redemption]:
    """Redemptions that are neither points nor a usable code now, the longest first."""
    return session.scalars(
        select(Redemption)
        .where(Redemption.shop_id == shop_id, Redemption.state.in_(("reserved", "returning")))
        .order_by(Redemption.next_at, Redemption.id)
        .limit(limit)
    ).all()
