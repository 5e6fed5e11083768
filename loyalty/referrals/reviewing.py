"""Claims that a person must look at, and what they say of them.

The invariant: what was said is audited, and said once; an approved claim goes on as any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.errors import NotFlagged, ReferralNotFound
from loyalty.ledger.posting import lock_balance
from loyalty.members.identity import survivor_of
from loyalty.referrals.claiming import open_claim
from loyalty.referrals.tables import Referral
from loyalty.shops.tables import Shop


@dataclass(frozen=True, slots=True)
class Flagged:
    """A claim that waits for a person: who brought whom, and when."""

    referral_id: UUID
    advocate_id: UUID
    friend_id: UUID
    claimed_at: datetime


def list_flagged(session: Session, shop_id: int, *, limit: int = 100) -> Sequence[Flagged]:
    """The claims that wait for a person, the oldest first."""
    rows = session.execute(
        select(Referral.id, Referral.advocate_id, Referral.friend_id, Referral.claimed_at)
        .where(Referral.shop_id == shop_id, Referral.state == "flagged")
        .order_by(Referral.claimed_at, Referral.id)
        .limit(limit)
    )
    return [Flagged(row.id, row.advocate_id, row.friend_id, row.claimed_at) for row in rows]


def approve(
    session: Session, shop: Shop, referral_id: UUID, *, actor: Actor, now: datetime
) -> Referral:
    """Let a flagged claim go on: the friend gets their coupon, and the first order decides.

    Raises ReferralNotFound, NotFlagged. Flushes; the caller commits, and has the code made.
    """
    referral = _lock_flagged(session, shop, referral_id)
    open_claim(session, shop, referral, now=now)
    _audit(session, referral, actor, "referral_approved", now)
    return referral


def reject(
    session: Session, shop: Shop, referral_id: UUID, *, actor: Actor, now: datetime
) -> Referral:
    """End a flagged claim: nobody is paid for it, ever. Raises ReferralNotFound, NotFlagged."""
    referral = _lock_flagged(session, shop, referral_id)
    referral.state, referral.reason = "rejected", "reviewed"
    _audit(session, referral, actor, "referral_rejected", now)
    return referral


def _lock_flagged(session: Session, shop: Shop, referral_id: UUID) -> Referral:
    """The claim, behind the lock of the friend's balance: a coupon is given under it."""
    known = session.get(Referral, (shop.shop_id, referral_id), populate_existing=True)
    if known is None:
        raise ReferralNotFound(str(referral_id))
    if known.friend_id is not None:
        lock_balance(session, shop.shop_id, survivor_of(session, shop.shop_id, known.friend_id))
    referral = session.get_one(
        Referral, (shop.shop_id, referral_id), with_for_update=True, populate_existing=True
    )
    if referral.state != "flagged":
        raise NotFlagged(referral.state)
    return referral


def _audit(session: Session, referral: Referral, actor: Actor, action: str, now: datetime) -> None:
    subject = ("referral", str(referral.id))
    audit.record(session, referral.shop_id, actor, action, subject, now=now)
    session.flush()
