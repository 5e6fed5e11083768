"""The coupon that a friend is given, if the shop gives one.

The invariant: one coupon for each referral, however often it is given.
"""

from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from loyalty.audit import SYSTEM
from loyalty.base.errors import CouponNotFound, CouponOver
from loyalty.coupons.assigning import assign
from loyalty.members.identity import survivor_of
from loyalty.referrals.settings import read_settings
from loyalty.referrals.tables import Referral
from loyalty.shops.tables import Shop

log = structlog.get_logger()


def give_coupon(session: Session, shop: Shop, referral: Referral, *, now: datetime) -> bool:
    """Give the friend a code, sent by email once Shopify has it; False when there is none to give.

    A coupon that is over keeps nobody from being brought. Flushes; the caller commits, and has
    the code made.
    """
    coupon_id = read_settings(session, shop.shop_id).coupon_id
    if coupon_id is None or referral.friend_id is None:
        return False
    try:
        handed = assign(
            session,
            shop,
            coupon_id,
            [survivor_of(session, shop.shop_id, referral.friend_id)],
            batch_id=referral.id,
            sends_email=True,
            actor=SYSTEM,
            now=now,
        )
    except (CouponNotFound, CouponOver) as refusal:
        log.warning("referral_without_coupon", shop=shop.shop_id, code=refusal.code)
        return False
    for reason in handed.refused.values():
        log.warning("referral_without_coupon", shop=shop.shop_id, code=reason)
    return bool(handed.given)
