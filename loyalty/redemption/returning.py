"""A redemption is taken back: first its code is disabled, and only then the points come back.

The invariant: while a code may still work, its points stay away.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.errors import NotReturnable
from loyalty.base.said import said
from loyalty.redemption.issuing import close_returned
from loyalty.redemption.open_orders import is_carried
from loyalty.redemption.points import LEASE, give_all_back, lock, lock_with_points
from loyalty.redemption.tables import Redemption
from loyalty.redemption.terms import Terms


def begin(
    session: Session,
    shop_id: int,
    redemption_id: UUID,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Redemption:
    """Begin to take an unused code back: issued → returning; again it changes nothing.

    Whoever begins disables that one code and calls `finish`; else the sweep does. Raises
    NotReturnable (its code is being made, it was used, an unpaid order carries it, it is store
    credit), RedemptionNotFound.
    Locks; flushes; the caller commits.
    """
    redemption = lock(session, shop_id, redemption_id)
    if redemption.state in ("returning", "returned"):
        return redemption
    _refuse(redemption)
    _refuse_carried(session, redemption)
    begin_locked(redemption, reason=reason, now=now)
    redemption.next_at = now + LEASE
    if actor.kind != "system":
        _audit(session, redemption, reason, actor, now)
    session.flush()
    return redemption


def begin_locked(redemption: Redemption, *, reason: str, now: datetime) -> None:
    """The same for a redemption that is locked and issued; the sweep looks at it at once."""
    assert redemption.state == "issued"
    redemption.state, redemption.returning_at = "returning", now
    redemption.reason, redemption.next_at = reason, now
    redemption.attempts, redemption.error = 0, None


def finish(session: Session, shop_id: int, redemption_id: UUID, *, now: datetime) -> Redemption:
    """The code is dead: the points go to the lots they came from, returning → returned.

    Call it only when the code works no more. What is not returning stays as it is. Raises
    RedemptionNotFound. Locks; flushes; the caller commits.
    """
    redemption = lock_with_points(session, shop_id, redemption_id, now=now)
    if redemption.state == "returning":
        give_all_back(session, redemption, now=now)
        close_returned(session, redemption, reason=redemption.reason, now=now)
    return redemption


def _refuse(redemption: Redemption) -> None:
    if not Terms.from_json(redemption.terms).has_code:
        raise NotReturnable(said("Store credit cannot be taken back"))
    if redemption.state == "reserved":
        raise NotReturnable(said("Its code is being made: try again in a minute"))
    if redemption.state == "used":
        raise NotReturnable(said("It was used with an order: refund the order instead"))


def _refuse_carried(session: Session, redemption: Redemption) -> None:
    own = select(Redemption.id).where(
        Redemption.shop_id == redemption.shop_id, Redemption.id == redemption.id, is_carried()
    )
    if session.scalar(own) is not None:
        raise NotReturnable(
            said("An order that is not paid yet carries it: cancel the order instead")
        )


def _audit(
    session: Session, redemption: Redemption, reason: str, actor: Actor, now: datetime
) -> None:
    audit.record(
        session,
        redemption.shop_id,
        actor,
        "redemption_voided",
        ("member", str(redemption.member_id)),
        now=now,
        redemption_id=str(redemption.id),
        points=redemption.points,
        reason=reason,
    )
