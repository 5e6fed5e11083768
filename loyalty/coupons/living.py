"""Coupons whose codes should work in Shopify, and codes that no longer do there."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.coupons.tables import Coupon, CouponCode


def list_living(session: Session, shop_id: int, today: date) -> Sequence[Coupon]:
    """Coupons with a discount in Shopify whose codes should still work."""
    statement = select(Coupon).where(
        Coupon.shop_id == shop_id,
        Coupon.discount_gid.is_not(None),
        Coupon.error.is_(None),
        Coupon.ends_on.is_(None) | (Coupon.ends_on >= today),
    )
    return session.scalars(statement.order_by(Coupon.id)).all()


def count_made(session: Session, shop_id: int, coupon_id: UUID) -> int:
    """How many codes the coupon's discount has at least, its first one among them."""
    statement = (
        select(func.count())
        .select_from(CouponCode)
        .where(
            CouponCode.shop_id == shop_id,
            CouponCode.coupon_id == coupon_id,
            CouponCode.state.in_(("ready", "used")),
        )
    )
    return session.scalars(statement).one() + 1


def end_missing(
    session: Session,
    shop_id: int,
    coupon_id: UUID,
    present: Collection[str],
    *,
    made_before: datetime,
) -> list[UUID]:
    """Codes that should work and are not among `present`: they are gone. Their ids. Flushes."""
    there = set(present)
    ready = session.scalars(
        select(CouponCode)
        .where(
            CouponCode.shop_id == shop_id,
            CouponCode.coupon_id == coupon_id,
            CouponCode.state == "ready",
            CouponCode.ready_at < made_before,
        )
        .order_by(CouponCode.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    gone = [code for code in ready if code.code not in there]
    for code in gone:
        code.state = "gone"
    session.flush()
    return [code.id for code in gone]


def list_imported(
    session: Session,
    shop_id: int,
    today: date,
    *,
    after: UUID,
    given_before: datetime,
    limit: int,
) -> Sequence[CouponCode]:
    """The next imported codes that members hold and that should still work, by id."""
    statement = (
        select(CouponCode)
        .join(
            Coupon,
            (Coupon.shop_id == CouponCode.shop_id) & (Coupon.id == CouponCode.coupon_id),
        )
        .where(
            CouponCode.shop_id == shop_id,
            CouponCode.id > after,
            CouponCode.state == "ready",
            CouponCode.ready_at < given_before,
            Coupon.code_source == "imported",
            Coupon.ends_on.is_(None) | (Coupon.ends_on >= today),
        )
    )
    return session.scalars(statement.order_by(CouponCode.id).limit(limit)).all()


def end_one(session: Session, shop_id: int, code_id: UUID) -> bool:
    """The code is gone in Shopify: ready → gone; False when it is not ready any more. Flushes."""
    code = session.get(CouponCode, (shop_id, code_id), with_for_update=True, populate_existing=True)
    if code is None or code.state != "ready":
        return False
    code.state = "gone"
    session.flush()
    return True
