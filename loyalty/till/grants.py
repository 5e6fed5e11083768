"""Points that a cashier grants: one entry per client key, and never more than the day's cap.

Two grants that race for the last points of the day meet at the allowance's row: one is told.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.adjustments import REASONS as ALL_REASONS
from loyalty.audit import Actor
from loyalty.base.errors import BadAdjustment, OverDailyCap
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.ledger.tables import EntryNote, LedgerEntry
from loyalty.members.states import get_active_member
from loyalty.shops.tables import Shop
from loyalty.tiers.standing import BY_POINTS, after_change
from loyalty.till.allowances import raise_used, read_used
from loyalty.till.limits import EACH, read_limits

REASONS = tuple(
    (code, label)
    for code, label in ALL_REASONS
    if code in ("service_recovery", "contest", "vip_bonus", "other")
)
"""Why a cashier may grant: the admin's reasons that only ever add."""


@dataclass(frozen=True, slots=True)
class TillUser:
    """Who stands at which till: the logged-in user; the pinned cashier is only claimed."""

    user_id: int
    location_id: int
    pinned_staff_id: int | None = None

    @property
    def actor(self) -> Actor:
        """The user as the audit trail and the ledger name them."""
        return Actor("till_user", str(self.user_id))


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a user may grant on a day, and what is left of it."""

    cap: int
    left: int


def grant(
    session: Session,
    shop: Shop,
    member_id: UUID,
    *,
    points: int,
    reason: str,
    note: str | None,
    client_key: UUID,
    by: TillUser,
    now: datetime,
) -> LedgerEntry:
    """Credit whole `points` (> 0) by the till's user; the same `client_key` posts once for ever.

    Raises BadAdjustment, MemberNotFound, MemberNotActive, OverDailyCap, IdempotencyConflict.
    Flushes; the caller commits.
    """
    if reason not in dict(REASONS):
        raise BadAdjustment("reason", "Choose a reason")
    balance = lock_balance(session, shop.shop_id, member_id)
    get_active_member(session, shop.shop_id, member_id)
    cause = Cause(
        kind="grant",
        idempotency_key=f"pos:{client_key}",
        source_kind="till",
        source_id=str(by.location_id),
        actor=str(by.actor),
        occurred_at=now,
        reason_code=reason,
    )
    entry = credit(session, balance, cause, points=points, now=now)
    if entry.posted_at == now:
        _use_allowance(session, shop, by, points, now)
        _note_and_audit(session, entry, note, by, now)
        after_change(session, shop, entry.member_id, now=now, touched=BY_POINTS)
    return entry


def read_allowance(
    session: Session, shop: Shop, user_id: int, *, now: datetime, location_id: int = EACH
) -> Allowance:
    """What the user may still grant at the place on the shop's present day."""
    cap = read_limits(session, shop.shop_id, user_id, location_id).grant
    return Allowance(cap, max(0, cap - read_used(session, shop, user_id, "granted", now=now)))


def _use_allowance(session: Session, shop: Shop, by: TillUser, points: int, now: datetime) -> None:
    """Count the points against the day; waits for other grants of the same user."""
    cap = read_limits(session, shop.shop_id, by.user_id, by.location_id).grant
    if not raise_used(session, shop, by.user_id, "granted", points, limit=cap, now=now):
        place = by.location_id
        left = read_allowance(session, shop, by.user_id, now=now, location_id=place).left
        raise OverDailyCap(left)


def _note_and_audit(
    session: Session, entry: LedgerEntry, note: str | None, by: TillUser, now: datetime
) -> None:
    if note:
        key = {"shop_id": entry.shop_id, "entry_id": entry.id, "member_id": entry.member_id}
        session.add(EntryNote(**key, body=note))
    audit.record(
        session,
        entry.shop_id,
        by.actor,
        "points_granted_at_till",
        ("member", str(entry.member_id)),
        now=now,
        entry=str(entry.id),
        points=entry.points,
        reason=entry.reason_code,
        location_id=by.location_id,
        # What the device says of the cashier in front of it: Shopify does not vouch for it.
        pinned_staff_id_claimed=by.pinned_staff_id,
    )
    session.flush()
