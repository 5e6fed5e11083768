"""The points of a redemption, there and back. Whoever moves them locks balances before the row.

The invariant: `points_returned` is what came back of the debit `entry_id`, at most `points`.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import SYSTEM
from loyalty.base.errors import RedemptionNotFound
from loyalty.ledger.giving_back import lock_owners, return_points
from loyalty.ledger.journal import Cause
from loyalty.redemption.tables import Redemption

LEASE = timedelta(seconds=30)
"""How long whoever reserved or began a return has before the sweep does it: with the sweep's turn
of 15 s, what a crash left is healed within 60 s."""


def lock(session: Session, shop_id: int, redemption_id: UUID) -> Redemption:
    """The redemption as committed by now, locked; raises RedemptionNotFound."""
    redemption = session.get(
        Redemption, (shop_id, redemption_id), with_for_update=True, populate_existing=True
    )
    if redemption is None:
        raise RedemptionNotFound(str(redemption_id))
    return redemption


def lock_with_points(
    session: Session, shop_id: int, redemption_id: UUID, *, now: datetime
) -> Redemption:
    """The same, with the balances of all to whom its points would go locked before it."""
    entry_id = session.scalar(
        select(Redemption.entry_id).where(
            Redemption.shop_id == shop_id, Redemption.id == redemption_id
        )
    )
    if entry_id is None:
        raise RedemptionNotFound(str(redemption_id))
    lock_owners(session, shop_id, entry_id, now=now)
    return lock(session, shop_id, redemption_id)


def give_all_back(session: Session, redemption: Redemption, *, now: datetime) -> None:
    """Give back to their lots what has not come back yet, if anything. Both are locked; flushes."""
    left = redemption.points - redemption.points_returned
    if not left:
        return
    cause = Cause(
        kind="redeem_reversal",
        idempotency_key=f"redemption:{redemption.id}:return:{redemption.returns + 1}",
        source_kind="redemption",
        source_id=str(redemption.id),
        actor=str(SYSTEM),
        occurred_at=now,
    )
    shop_id = redemption.shop_id
    return_points(session, shop_id, redemption.entry_id, cause, points=left, now=now)
    redemption.returns += 1
    redemption.points_returned = redemption.points
    session.flush()
