"""Whether a shop has referrals, and what a friend is given.

The invariant: what was promised while they were on is kept when they are switched off.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.errors import CouponNotFound
from loyalty.coupons.tables import Coupon
from loyalty.referrals.tables import ReferralSettings


def read_settings(session: Session, shop_id: int) -> ReferralSettings:
    """The shop's settings; a shop that has chosen nothing has no referrals."""
    found = session.get(ReferralSettings, shop_id)
    return found or ReferralSettings(shop_id=shop_id, is_on=False, coupon_id=None)


def save_settings(
    session: Session,
    shop_id: int,
    *,
    is_on: bool | None,
    coupon_id: UUID | None,
    drops_coupon: bool = False,
    actor: Actor,
    now: datetime,
) -> ReferralSettings:
    """Switch referrals, or choose the friend's coupon; None leaves as it is.

    `drops_coupon`: friends are given none from now on. Raises CouponNotFound for another shop's.
    The caller commits.
    """
    if coupon_id is not None and session.get(Coupon, (shop_id, coupon_id)) is None:
        raise CouponNotFound(str(coupon_id))
    settings = session.get(
        ReferralSettings, shop_id, with_for_update=True, populate_existing=True
    ) or ReferralSettings(shop_id=shop_id, is_on=False, coupon_id=None)
    before = (settings.is_on, settings.coupon_id)
    if is_on is not None:
        settings.is_on = is_on
    if coupon_id is not None or drops_coupon:
        settings.coupon_id = None if drops_coupon else coupon_id
    session.add(settings)
    session.flush()
    if (settings.is_on, settings.coupon_id) != before:
        _audit(session, settings, actor, now)
    return settings


def _audit(session: Session, settings: ReferralSettings, actor: Actor, now: datetime) -> None:
    audit.record(
        session,
        settings.shop_id,
        actor,
        "referrals_set",
        ("referral_settings", str(settings.shop_id)),
        now=now,
        is_on=settings.is_on,
        coupon_id=str(settings.coupon_id) if settings.coupon_id else None,
    )
    session.flush()
