"""Coupons that orders carry: seen as used, whichever order is heard of first.

The invariant: of all paid orders that carry a code, it is used by the first of them to be paid;
an order that is told again changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.base.bulk import among
from loyalty.coupons.tables import Coupon, CouponCode


@dataclass(frozen=True, slots=True)
class OrderWithCodes:
    """A paid order and the codes on it, in any case. `paid_at`: when it was placed and paid."""

    order_id: int
    order_name: str
    paid_at: datetime
    codes: tuple[str, ...]


def note_uses(session: Session, shop_id: int, orders: Iterable[OrderWithCodes]) -> None:
    """Mark the coupon codes that these paid orders carry as used; other codes are passed over.

    Locks the codes, after orders and balances. Flushes; the caller commits.
    """
    first: dict[str, OrderWithCodes] = {}
    for order in sorted(orders, key=_rank, reverse=True):
        first |= dict.fromkeys((code.strip().upper() for code in order.codes), order)
    if not first:
        return
    found = session.scalars(
        select(CouponCode)
        .where(CouponCode.shop_id == shop_id, among(CouponCode.code, first))
        .order_by(CouponCode.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for code in found:
        _use(session, code, first[code.code])
    if found:
        session.flush()


def _use(session: Session, code: CouponCode, order: OrderWithCodes) -> None:
    if code.state == "used":
        assert code.used_at is not None and code.order_id is not None
        if _rank(order) < (code.used_at, code.order_id):
            code.used_at, code.order_id = order.paid_at, order.order_id
        return
    code.state, code.used_at, code.order_id = "used", order.paid_at, order.order_id
    if code.member_id is None:
        return  # An imported code that nobody was given: it is good for nobody any more.
    coupon = session.get_one(Coupon, (code.shop_id, code.coupon_id))
    timeline.note_event(
        session,
        code.shop_id,
        code.member_id,
        timeline.COUPON_USED,
        order.paid_at,
        coupon=coupon.name,
        coupon_code_id=str(code.id),
        order_id=order.order_id,
        order_name=order.order_name,
    )


def _rank(order: OrderWithCodes) -> tuple[datetime, int]:
    return order.paid_at, order.order_id
