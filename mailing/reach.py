"""Who would get an email that a shop sends by itself: counted before it is switched on.

Read only. The audience is walked in batches, so that a million members need no more memory.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, exists, false, select, true
from sqlalchemy.orm import Session

from loyalty.automatic_emails import KINDS
from loyalty.base.errors import UnknownEmailKind
from loyalty.members.tables import Member, MemberBalance
from loyalty.programme.rules import get_programme
from loyalty.referrals.tables import ReferralSettings
from loyalty.rewards.tables import Reward
from loyalty.shops.tables import Shop
from mailing.permission import why_not

BATCH = 10_000
RECENTLY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Reach:
    """Of `members` whom the email may be about, how many it reaches; `reasons` counts the others.

    The names of reasons are those of mailing.permission.
    """

    members: int
    reached: int
    reasons: Mapping[str, int]


def count_reach(session: Session, shop: Shop, kind: str, *, now: datetime) -> Reach:
    """Whom an email of `kind` would reach today. Raises UnknownEmailKind.

    The card's: who joined in the last 30 days. The others': every member to whom it may happen.
    """
    if kind not in KINDS:
        raise UnknownEmailKind(kind)
    audience = _audience(session, shop, kind, now)
    reasons: Counter[str] = Counter()
    members, after = 0, UUID(int=0)
    while batch := _next(session, shop.shop_id, audience, after):
        members += len(batch)
        reasons.update(why_not(session, shop.shop_id, batch, kind=kind).values())
        after = batch[-1]
    return Reach(members, members - reasons.total(), dict(reasons))


def _next(session: Session, shop_id: int, audience: ColumnElement[bool], after: UUID) -> list[UUID]:
    statement = (
        select(Member.id)
        .where(
            Member.shop_id == shop_id,
            Member.state == "active",
            Member.id > after,
            audience,
        )
        .order_by(Member.id)
        .limit(BATCH)
    )
    return list(session.scalars(statement))


def _audience(session: Session, shop: Shop, kind: str, now: datetime) -> ColumnElement[bool]:
    programme = get_programme(session, shop.shop_id)
    if kind == "card":
        return (Member.joined_at >= now - RECENTLY) & (Member.enrolled_by != "backfill")
    if kind == "birthday":
        return Member.birthday_on.is_not(None)
    if kind == "expiry_warning":
        return _has_points() if programme.expiry_mode != "never" else false()
    if kind == "tier":
        return true() if programme.tiers_on else false()
    if kind == "reward_in_reach":
        return exists().where(Reward.shop_id == shop.shop_id, Reward.is_active)
    if kind == "referral":
        return exists().where(ReferralSettings.shop_id == shop.shop_id, ReferralSettings.is_on)
    return true()


def _has_points() -> ColumnElement[bool]:
    return exists().where(
        MemberBalance.shop_id == Member.shop_id,
        MemberBalance.member_id == Member.id,
        MemberBalance.available > 0,
    )
