"""The moment at which a code is a member's to use: the timeline says so, and an email if wished.

The invariant: nobody is told of a code that does not work yet, and nobody is told twice.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import outbox, timeline
from loyalty.base.bulk import among
from loyalty.coupons.codes import choose_codes
from loyalty.coupons.tables import Coupon, CouponCode

MAKING_AT_ONCE = 250
"""How many codes Shopify takes at once."""


def list_making(session: Session, shop_id: int, coupon_id: UUID) -> list[str]:
    """The next codes that Shopify is to be told of, at most MAKING_AT_ONCE, the oldest first."""
    statement = (
        select(CouponCode.code)
        .where(
            CouponCode.shop_id == shop_id,
            CouponCode.coupon_id == coupon_id,
            CouponCode.state == "making",
        )
        .order_by(CouponCode.id)
        .limit(MAKING_AT_ONCE)
    )
    return list(session.scalars(statement))


def list_unmade(session: Session, shop_id: int) -> list[UUID]:
    """The coupons that wait for Shopify: their discount, or codes of it."""
    unmade = select(Coupon.id).where(
        Coupon.shop_id == shop_id,
        Coupon.code_source == "made",
        Coupon.is_active,
        Coupon.discount_gid.is_(None),
    )
    making = select(CouponCode.coupon_id).where(
        CouponCode.shop_id == shop_id, CouponCode.state == "making"
    )
    return list(session.scalars(unmade.union(making)))


def mark_ready(session: Session, coupon: Coupon, codes: Collection[str], *, now: datetime) -> int:
    """Shopify has these codes: they are their members'; how many were not before."""
    found = _lock_making(session, coupon, codes)
    for one in found:
        one.state, one.ready_at = "ready", now
    session.flush()
    announce(session, coupon, found, now=now)
    return len(found)


def replace_codes(session: Session, coupon: Coupon, codes: Collection[str]) -> int:
    """These are somebody else's in Shopify: their members get others, which are to be made."""
    found = _lock_making(session, coupon, codes)
    fresh = choose_codes(session, coupon.shop_id, coupon.prefix, len(found))
    for one, code in zip(found, fresh, strict=True):
        one.code = code
    session.flush()
    return len(found)


def announce(
    session: Session, coupon: Coupon, codes: Sequence[CouponCode], *, now: datetime
) -> None:
    """Tell of codes that have just become their members'. The caller commits."""
    for one in codes:
        assert one.member_id is not None
        timeline.note_event(
            session,
            one.shop_id,
            one.member_id,
            timeline.COUPON_ASSIGNED,
            now,
            coupon=coupon.name,
            coupon_code_id=str(one.id),
        )
        if one.sends_email:
            outbox.stage(
                session,
                one.shop_id,
                outbox.COUPON_EMAIL_ASKED,
                member_id=one.member_id,
                body={"coupon_code_id": str(one.id)},
                now=now,
            )


def _lock_making(session: Session, coupon: Coupon, codes: Collection[str]) -> Sequence[CouponCode]:
    return session.scalars(
        select(CouponCode)
        .where(
            CouponCode.shop_id == coupon.shop_id,
            CouponCode.coupon_id == coupon.id,
            CouponCode.state == "making",
            among(CouponCode.code, codes),
        )
        .order_by(CouponCode.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
