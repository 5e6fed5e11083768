"""The moment at which a code is a member's to use: the timeline says so, and an email if wished.

The invariant: nobody is told of a code that does not work yet, and nobody is told twice.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from loyalty import outbox, timeline
from loyalty.base.bulk import among
from loyalty.coupons.codes import choose_codes
from loyalty.coupons.tables import Coupon, CouponCode

MAKING_AT_ONCE = 250
"""How many codes Shopify takes at once."""


def list_making(session: Session, shop_id: int, coupon_id: UUID) -> list[str]:
    """The next codes that Shopify is to be asked for, at most MAKING_AT_ONCE, the oldest first."""
    statement = (
        select(CouponCode.code)
        .where(_is_making(shop_id, coupon_id), CouponCode.adding_gid.is_(None))
        .order_by(CouponCode.id)
        .limit(MAKING_AT_ONCE)
    )
    return list(session.scalars(statement))


def find_adding(session: Session, shop_id: int, coupon_id: UUID) -> str | None:
    """The oldest addition that Shopify was asked for and whose end we have not seen."""
    statement = (
        select(CouponCode.adding_gid)
        .where(_is_making(shop_id, coupon_id), CouponCode.adding_gid.is_not(None))
        .order_by(CouponCode.id)
        .limit(1)
    )
    return session.scalar(statement)


def list_unmade(session: Session, shop_id: int) -> list[UUID]:
    """The coupons that wait for Shopify: their discount, or codes of it."""
    unmade = select(Coupon.id).where(
        Coupon.shop_id == shop_id,
        Coupon.code_source == "made",
        Coupon.is_active,
        Coupon.discount_gid.is_(None),
    )
    making = (
        select(CouponCode.coupon_id)
        .join(Coupon, (Coupon.shop_id == CouponCode.shop_id) & (Coupon.id == CouponCode.coupon_id))
        .where(CouponCode.shop_id == shop_id, CouponCode.state == "making", Coupon.error.is_(None))
    )
    return list(session.scalars(unmade.union(making)))


def note_adding(session: Session, coupon: Coupon, codes: Collection[str], adding_gid: str) -> None:
    """Shopify was asked for these codes in this addition."""
    for one in _lock_making(session, coupon, CouponCode.code, codes):
        one.adding_gid = adding_gid
    session.flush()


def forget_adding(session: Session, coupon: Coupon, adding_gid: str) -> None:
    """Shopify knows nothing of this addition: its codes are to be asked for again."""
    for one in _lock_making(session, coupon, CouponCode.adding_gid, [adding_gid]):
        one.adding_gid = None
    session.flush()


def note_added(
    session: Session,
    coupon: Coupon,
    adding_gid: str,
    *,
    foreign: Collection[str],
    failed: Collection[str],
    now: datetime,
) -> int:
    """The addition is through: its codes are their members', how many that were not before.

    `foreign` are other discounts' in Shopify, so their members get others; those and `failed`
    are to be asked for again.
    """
    found = _lock_making(session, coupon, CouponCode.adding_gid, [adding_gid])
    ready = [one for one in found if one.code not in {*foreign, *failed}]
    again = [one for one in found if one.code in foreign]
    fresh = choose_codes(session, coupon.shop_id, coupon.prefix, len(again))
    for one in found:
        one.adding_gid = None
    for one, code in zip(again, fresh, strict=True):
        one.code = code
    for one in ready:
        one.state, one.ready_at = "ready", now
    session.flush()
    announce(session, coupon, ready, now=now)
    return len(ready)


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


def _lock_making(
    session: Session,
    coupon: Coupon,
    column: InstrumentedAttribute[Any],
    values: Collection[str],
) -> Sequence[CouponCode]:
    return session.scalars(
        select(CouponCode)
        .where(_is_making(coupon.shop_id, coupon.id), among(column, values))
        .order_by(CouponCode.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _is_making(shop_id: int, coupon_id: UUID) -> ColumnElement[bool]:
    return and_(
        CouponCode.shop_id == shop_id,
        CouponCode.coupon_id == coupon_id,
        CouponCode.state == "making",
    )
