"""Who would get an email that a shop sends by itself: counted before it is switched on.

Read only. Of a large audience a part by chance is asked, and the figures say so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import ColumnElement, exists, false, select, true
from sqlalchemy.orm import Session

from loyalty.automatic_emails import KINDS
from loyalty.base.errors import UnknownEmailKind
from loyalty.base.sampling import LOOKED_AT_MAX, Counts, sample
from loyalty.members.tables import Member, MemberBalance
from loyalty.programme.rules import get_programme
from loyalty.referrals.tables import ReferralSettings
from loyalty.rewards.tables import Reward
from loyalty.shops.tables import Shop
from mailing.permission import why_not

RECENTLY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Reach:
    """Of `members` whom the email may be about, how many it reaches; `reasons` counts the others.

    The names of reasons are those of mailing.permission. `looked_at` of them were asked; where
    that is not all, the figures are estimates for all, by a fair sample.
    """

    members: int
    reached: int
    reasons: Mapping[str, int]
    looked_at: int

    @property
    def is_whole(self) -> bool:
        """Whether all of them were asked."""
        return self.looked_at >= self.members


def count_reach(
    session: Session, shop: Shop, kind: str, *, now: datetime, looks_at_most: int = LOOKED_AT_MAX
) -> Reach:
    """Whom an email of `kind` would reach today. Raises UnknownEmailKind and CountTooSlow.

    The card's: who joined in the last 30 days. The others': every member to whom it may happen.
    """
    if kind not in KINDS:
        raise UnknownEmailKind(kind)
    audience = _audience(session, shop, kind, now)
    return _count(session, shop, kind, audience, looks_at_most)


def count_told_of_expiry(session: Session, shop: Shop) -> Reach:
    """Whom the news that points expire would reach today, were expiry begun or changed."""
    return _count(session, shop, "expiry_warning", _has_points(), LOOKED_AT_MAX)


def _count(
    session: Session, shop: Shop, kind: str, audience: ColumnElement[bool], looks_at_most: int
) -> Reach:
    meant = select(Member.id).where(
        Member.shop_id == shop.shop_id, Member.state == "active", audience
    )
    asking = partial(_ask, session, shop.shop_id, kind)
    found = sample(session, meant, asking, looks_at_most=looks_at_most)
    reasons = {reason: count for (_, reason), count in found.of_all().items()}
    return Reach(found.total, found.total - sum(reasons.values()), reasons, found.looked_at)


def _ask(session: Session, shop_id: int, kind: str, members: Sequence[UUID]) -> Counts:
    return Counts(
        (kind, reason) for reason in why_not(session, shop_id, members, kind=kind).values()
    )


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
