"""The second of two transactions: what became of the discount that a reservation promised.

The invariant: the points come back only when it is certain that no code exists; a code that turns
up for a returned redemption is disabled again, and a credit that turns up is paid for again.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty import outbox, timeline
from loyalty.ledger.journal import Cause
from loyalty.ledger.posting import debit, lock_balance
from loyalty.members.identity import survivor_of
from loyalty.redemption.points import give_all_back, lock, lock_with_points
from loyalty.redemption.tables import Redemption
from loyalty.redemption.terms import Terms

CREDITED_AFTER_RETURN = "credited_after_return"
"""The flag of a store credit that turned up after its points had come back."""
_WAITS_S = (5, 10, 20, 40, 60)
_ERROR_MAX = 200


def issue(
    session: Session,
    shop_id: int,
    redemption_id: UUID,
    *,
    discount_gid: str | None,
    now: datetime,
) -> Redemption:
    """The code exists, or the credit was paid: reserved → issued, store credit → used.

    `discount_gid`: the discount or credit transaction in Shopify; None for an imported code.
    Again it changes nothing. Raises RedemptionNotFound. Locks; flushes; the caller commits.
    """
    redemption = lock_with_points(session, shop_id, redemption_id, now=now)
    is_news = discount_gid is not None and redemption.discount_gid is None
    if is_news:
        redemption.discount_gid = discount_gid
    if redemption.state == "reserved":
        _issue(session, redemption, now)
    elif is_news and redemption.state == "returned":
        _undo_return(session, redemption, now)
    session.flush()
    return redemption


def refuse(
    session: Session, shop_id: int, redemption_id: UUID, *, reason: str, now: datetime
) -> Redemption:
    """No code exists and none will be made: the points come back, reserved → returned.

    Call it only when that is certain. `reason`: in words, for whoever asked. What is no longer
    reserved stays as it is. Raises RedemptionNotFound. Locks; flushes; the caller commits.
    """
    redemption = lock_with_points(session, shop_id, redemption_id, now=now)
    if redemption.state == "reserved":
        give_all_back(session, redemption, now=now)
        close_returned(session, redemption, reason=reason, now=now)
    return redemption


def postpone(
    session: Session, shop_id: int, redemption_id: UUID, *, error: str, now: datetime
) -> Redemption:
    """It is not known what became of it: the sweep looks again in 5 s, later once a minute.

    `error`: why, without personal data. Raises RedemptionNotFound. Flushes.
    """
    redemption = lock(session, shop_id, redemption_id)
    if redemption.state in ("reserved", "returning"):
        wait_s = _WAITS_S[min(redemption.attempts, len(_WAITS_S) - 1)]
        redemption.attempts += 1
        redemption.next_at = now + timedelta(seconds=wait_s)
        redemption.error = error[:_ERROR_MAX]
        session.flush()
    return redemption


def close_returned(
    session: Session, redemption: Redemption, *, reason: str | None, now: datetime
) -> None:
    """All points are back and no code works: → returned, told on the timeline. Flushes."""
    redemption.state, redemption.returned_at = "returned", now
    redemption.reason = reason
    redemption.next_at, redemption.error = None, None
    _note(session, redemption, timeline.REWARD_RETURNED, now, reason=reason)
    session.flush()


def note_redeemed(session: Session, redemption: Redemption, now: datetime) -> None:
    """Tell on the timeline what the member got for their points; the caller flushes."""
    _note(session, redemption, timeline.REWARD_REDEEMED, now)


def _issue(session: Session, redemption: Redemption, now: datetime) -> None:
    has_code = Terms.from_json(redemption.terms).has_code
    redemption.state, redemption.issued_at = "issued", now
    if not has_code:
        redemption.state, redemption.used_at = "used", now
    redemption.next_at, redemption.error = None, None
    note_redeemed(session, redemption, now)
    if redemption.sends_email:
        outbox.stage(
            session,
            redemption.shop_id,
            outbox.REWARD_EMAIL_ASKED,
            member_id=redemption.member_id,
            # What was paid for with points is handed over, whatever they said to marketing.
            body={"redemption_id": str(redemption.id), "is_asked_for": redemption.points > 0},
            now=now,
        )


def _undo_return(session: Session, redemption: Redemption, now: datetime) -> None:
    """What was thought not to exist does: a code is disabled, a credit is paid for again."""
    if Terms.from_json(redemption.terms).has_code:
        redemption.state, redemption.next_at = "returning", now
        redemption.returning_at = now
        return
    owner_id = survivor_of(session, redemption.shop_id, redemption.member_id)
    balance = lock_balance(session, redemption.shop_id, owner_id)
    cause = Cause(
        kind="redeem",
        idempotency_key=f"redemption:{redemption.id}:late:credit",
        source_kind="redemption",
        source_id=str(redemption.id),
        actor="system:encore",
        occurred_at=now,
    )
    points = redemption.points_returned
    entry = debit(session, balance, cause, points=points, now=now, may_go_negative=True)
    redemption.entry_id, redemption.points_returned = entry.id, 0
    redemption.state, redemption.issued_at, redemption.used_at = "used", now, now
    redemption.returned_at = None
    redemption.flags = sorted({*redemption.flags, CREDITED_AFTER_RETURN})
    note_redeemed(session, redemption, now)


def _note(
    session: Session,
    redemption: Redemption,
    kind: str,
    now: datetime,
    *,
    reason: str | None = None,
) -> None:
    timeline.note_event(
        session,
        redemption.shop_id,
        redemption.member_id,
        kind,
        now,
        reward=redemption.terms["name"],
        cost_points=redemption.points,
        redemption_id=str(redemption.id),
        **({"reason": reason} if reason else {}),
    )
