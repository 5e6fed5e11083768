"""A tier set by hand: a floor (not below) or a lock (exactly), with a reason and perhaps an end.

The invariant: what is set by hand is audited and works at once; when it ends, the next evaluation
lets the member stand where orders and points put them.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.clock import day_in
from loyalty.base.errors import BadTier, MemberNotActive, MemberNotFound, TierNotFound
from loyalty.base.said import said
from loyalty.ledger.posting import lock_balance
from loyalty.members.tables import Member
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop
from loyalty.tiers.evaluation import evaluate_locked
from loyalty.tiers.ladder import load_ladder
from loyalty.tiers.tables import MemberTier, Tier

MODES = ("floor", "lock")
_REASON_MAX = 200


def set_tier_by_hand(
    session: Session,
    shop: Shop,
    member_id: UUID,
    *,
    mode: str,
    tier_id: UUID | None,
    reason: str,
    until_on: date | None,
    actor: Actor,
    now: datetime,
) -> None:
    """Hold the member at a tier, in place of what was set by hand before.

    `mode` floor needs a tier; lock with none means no tier. `until_on`: the last day of it, the
    shop's. Raises BadTier with the field, TierNotFound, MemberNotFound, MemberNotActive; then
    nothing is written. Flushes; the caller commits.
    """
    _check(session, shop, mode, tier_id, reason, until_on, now)
    _lock_active(session, shop, member_id)
    row = _open_row(session, shop, member_id, now)
    row.hand_mode, row.hand_tier_id, row.hand_reason = mode, tier_id, reason.strip()
    row.hand_until_on, row.hand_by = until_on, str(actor)
    evaluate_locked(session, shop, [member_id], now=now, why="by_hand", reason=reason.strip())
    audit.record(
        session,
        shop.shop_id,
        actor,
        "tier_set",
        ("member", str(member_id)),
        now=now,
        mode=mode,
        tier=str(tier_id) if tier_id else None,
        reason=reason.strip(),
        until=until_on.isoformat() if until_on else None,
    )
    session.flush()


def clear_tier_by_hand(
    session: Session, shop: Shop, member_id: UUID, *, actor: Actor, now: datetime
) -> bool:
    """Let the member stand where orders and points put them; False when nothing was set by hand.

    Raises MemberNotFound, MemberNotActive. Flushes; the caller commits.
    """
    _lock_active(session, shop, member_id)
    row = session.get(MemberTier, (shop.shop_id, member_id), populate_existing=True)
    if row is None or row.hand_mode is None:
        return False
    row.hand_mode = row.hand_tier_id = row.hand_reason = None
    row.hand_until_on = row.hand_by = None
    evaluate_locked(session, shop, [member_id], now=now, why="by_hand")
    subject = ("member", str(member_id))
    audit.record(session, shop.shop_id, actor, "tier_freed", subject, now=now)
    session.flush()
    return True


def _check(
    session: Session,
    shop: Shop,
    mode: str,
    tier_id: UUID | None,
    reason: str,
    until_on: date | None,
    now: datetime,
) -> None:
    if not get_programme(session, shop.shop_id).tiers_on:
        raise BadTier("mode", said("Turn tiers on first"))
    if mode not in MODES:
        raise BadTier("mode", said("Choose floor or lock"))
    if mode == "floor" and tier_id is None:
        raise BadTier("tier", said("Choose the tier that the member shall not fall below"))
    if not reason.strip():
        raise BadTier("reason", said("Give a reason"))
    if len(reason) > _REASON_MAX or "\0" in reason:
        raise BadTier("reason", said("Use at most %(most)s characters", most=_REASON_MAX))
    if until_on is not None and until_on < day_in(shop.timezone, now):
        raise BadTier("until", said("Choose today or a later day"))
    if tier_id is not None:
        tier = session.get(Tier, (shop.shop_id, tier_id))
        if tier is None or tier.retired_at is not None:
            raise TierNotFound(str(tier_id))


def _lock_active(session: Session, shop: Shop, member_id: UUID) -> None:
    lock_balance(session, shop.shop_id, member_id)
    member = session.get(Member, (shop.shop_id, member_id), populate_existing=True)
    if member is None:
        raise MemberNotFound(str(member_id))
    if member.state != "active":
        raise MemberNotActive(member.state)


def _open_row(session: Session, shop: Shop, member_id: UUID, now: datetime) -> MemberTier:
    """The member's row; who had none held the tier at nothing, or no tier."""
    row = session.get(MemberTier, (shop.shop_id, member_id), populate_existing=True)
    if row is None:
        ladder = load_ladder(session, shop.shop_id)
        row = MemberTier(
            shop_id=shop.shop_id,
            member_id=member_id,
            tier_id=ladder.id_of(ladder.first_rank),
            since_at=now,
        )
        session.add(row)
    return row
