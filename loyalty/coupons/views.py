"""What is shown of coupons: a member's own, and how each of a shop's is doing. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.base.clock import day_in
from loyalty.base.errors import ShopNotFound
from loyalty.coupons.saving import list_coupons
from loyalty.coupons.tables import CODE_STATES, Coupon, CouponCode
from loyalty.coupons.terms import is_over
from loyalty.coupons.words import worth_of
from loyalty.shops.tables import Shop

LISTED_MAX = 50


@dataclass(frozen=True, slots=True)
class MemberCoupon:
    """A coupon of a member's. `state`: making (its code does not work yet), ready, early (its
    first day is still to come), used, over, or refused (Shopify would not make the code: the
    member never had it). `valid_until`: the last of the shop's days.
    """

    id: UUID
    name: str
    worth: str
    code: str
    state: str
    assigned_at: datetime
    valid_from: date | None
    valid_until: date | None
    used_at: datetime | None
    order_id: int | None


@dataclass(frozen=True, slots=True)
class CouponCount:
    """A coupon, what it is worth in words, and how many of its codes are in which state."""

    coupon: Coupon
    worth: str
    codes: dict[str, int]


def list_of(session: Session, shop_id: int, member_id: UUID, now: datetime) -> list[MemberCoupon]:
    """The member's coupons, those that can be used first, then the newest; at most LISTED_MAX."""
    shop = session.get(Shop, shop_id)
    if shop is None:
        raise ShopNotFound(str(shop_id))
    rows = session.execute(
        select(CouponCode, Coupon)
        .join(Coupon, (Coupon.shop_id == CouponCode.shop_id) & (Coupon.id == CouponCode.coupon_id))
        .where(
            CouponCode.shop_id == shop_id,
            CouponCode.member_id == member_id,
        )
        .order_by(CouponCode.assigned_at.desc(), CouponCode.id.desc())
        .limit(LISTED_MAX)
        .execution_options(populate_existing=True)
    ).all()
    today = day_in(shop.timezone, now)
    found = [_show(shop, code, coupon, today) for code, coupon in rows]
    return sorted(found, key=lambda one: one.state not in ("ready", "early", "making"))


def count_coupons(session: Session, shop: Shop) -> Sequence[CouponCount]:
    """Each coupon of the shop with its codes by state, the oldest first."""
    rows = session.execute(
        select(CouponCode.coupon_id, CouponCode.state, func.count())
        .where(CouponCode.shop_id == shop.shop_id)
        .group_by(CouponCode.coupon_id, CouponCode.state)
    )
    counts = {(coupon_id, state): count for coupon_id, state, count in rows}
    return [
        CouponCount(
            coupon,
            worth_of(coupon, shop),
            {state: counts.get((coupon.id, state), 0) for state in CODE_STATES},
        )
        for coupon in list_coupons(session, shop.shop_id)
    ]


def _show(shop: Shop, code: CouponCode, coupon: Coupon, today: date) -> MemberCoupon:
    assert code.assigned_at is not None
    return MemberCoupon(
        id=code.id,
        name=coupon.name,
        worth=worth_of(coupon, shop),
        code=code.code,
        state=_state(code, coupon, today),
        assigned_at=code.assigned_at,
        valid_from=coupon.starts_on,
        valid_until=coupon.ends_on,
        used_at=code.used_at,
        order_id=code.order_id,
    )


def _state(code: CouponCode, coupon: Coupon, today: date) -> str:
    if code.state == "used":
        return "used"
    if code.state == "gone" and code.ready_at is None:
        return "refused"
    if coupon.error is not None or code.state == "gone" or is_over(coupon, today):
        return "over"
    if code.state == "ready" and coupon.starts_on is not None and coupon.starts_on > today:
        return "early"
    return code.state
