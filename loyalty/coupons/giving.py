"""The moment at which a code is a member's to use: the timeline says so, and an email if wished.

The invariant: nobody is told of a code that does not work yet, and nobody is told twice. What
Shopify will never make is given up: no code waits for ever.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, update
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
    refused: Mapping[str, str] = MappingProxyType({}),
    now: datetime,
) -> int:
    """The addition is through: its codes are their members', how many that were not before.

    `foreign` are other discounts' in Shopify, so their members get others; those and `failed`
    are to be asked for again. `refused` → why: Shopify will never have them.
    """
    found = _lock_making(session, coupon, CouponCode.adding_gid, [adding_gid])
    for one in found:
        one.adding_gid = None
    kept = [one for one in found if one.code not in refused]
    ready = [one for one in kept if one.code not in {*foreign, *failed}]
    _replace(session, coupon, [one for one in kept if one.code in foreign])
    _make_ready(session, coupon, ready, now)
    _give_up(session, coupon, [one for one in found if one.code in refused], refused, now)
    return len(ready)


def note_refused(
    session: Session,
    coupon: Coupon,
    *,
    present: Collection[str],
    foreign: Collection[str],
    refused: Mapping[str, str],
    now: datetime,
) -> None:
    """Shopify added none of a batch of codes, because of these among them.

    `present` are the coupon's there already; `foreign` and `refused` as in `note_added`.
    """
    found = _lock_making(session, coupon, CouponCode.code, {*present, *foreign, *refused})
    _replace(session, coupon, [one for one in found if one.code in foreign])
    _make_ready(session, coupon, [one for one in found if one.code in present], now)
    _give_up(session, coupon, [one for one in found if one.code in refused], refused, now)


def give_up_all(session: Session, shop_id: int, coupon_id: UUID) -> None:
    """The coupon is over in Shopify: no code of it that waits will ever come. Locks them."""
    session.execute(
        update(CouponCode)
        .where(_is_making(shop_id, coupon_id))
        .values(state="gone", adding_gid=None)
        .execution_options(synchronize_session=False)
    )


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


def _replace(session: Session, coupon: Coupon, codes: Sequence[CouponCode]) -> None:
    fresh = choose_codes(session, coupon.shop_id, coupon.prefix, len(codes))
    for one, code in zip(codes, fresh, strict=True):
        one.code = code
    session.flush()


def _make_ready(
    session: Session, coupon: Coupon, codes: Sequence[CouponCode], now: datetime
) -> None:
    for one in codes:
        one.state, one.ready_at = "ready", now
    session.flush()
    announce(session, coupon, codes, now=now)


def _give_up(
    session: Session,
    coupon: Coupon,
    codes: Sequence[CouponCode],
    reasons: Mapping[str, str],
    now: datetime,
) -> None:
    """The member never had it, and may be given another; staff see why."""
    for one in codes:
        assert one.member_id is not None
        one.state, one.adding_gid = "gone", None
        timeline.note_event(
            session,
            one.shop_id,
            one.member_id,
            timeline.COUPON_REFUSED,
            now,
            coupon=coupon.name,
            coupon_code_id=str(one.id),
            reason=reasons[one.code],
        )
    session.flush()


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
