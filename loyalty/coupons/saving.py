"""Adding coupons and ending them. Terms never change: people hold codes that promise them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.clock import day_in
from loyalty.base.errors import BadCoupon, CouponNotFound
from loyalty.base.ids import new_id
from loyalty.base.said import said
from loyalty.coupons.codes import choose_codes
from loyalty.coupons.giving import give_up_all
from loyalty.coupons.tables import Coupon
from loyalty.coupons.terms import is_over, read_terms
from loyalty.programme.tables import Programme
from loyalty.shops.tables import Shop

COUPONS_MAX = 200
"""How many a shop may hand out at a time."""


def add_coupon(
    session: Session, shop: Shop, given: Mapping[str, Any], *, actor: Actor, now: datetime
) -> Coupon:
    """A coupon of the terms in `given`, as typed; its discount is still to be made in Shopify.

    Raises BadCoupon with the field at fault. Flushes; the caller commits.
    """
    terms = read_terms(given, currency=shop.currency, today=day_in(shop.timezone, now))
    # One at a time, so that the limit and the names hold.
    session.get_one(Programme, shop.shop_id, with_for_update=True)
    _check_room(session, shop.shop_id, terms.name)
    anchor = None
    if terms.code_source == "made":
        (anchor,) = choose_codes(session, shop.shop_id, terms.prefix, 1)
    coupon = Coupon(
        shop_id=shop.shop_id,
        id=new_id(),
        name=terms.name,
        kind=terms.kind,
        amount_minor=terms.amount_minor,
        percentage=terms.percentage,
        minimum_cart_minor=terms.minimum_cart_minor,
        combines_with=terms.combines_with,
        per_member=terms.per_member,
        starts_on=terms.starts_on,
        ends_on=terms.ends_on,
        code_source=terms.code_source,
        prefix=terms.prefix,
        anchor_code=anchor,
        is_active=True,
        created_at=now,
    )
    session.add(coupon)
    _record(session, coupon, "coupon_added", actor, now)
    session.flush()
    return coupon


def end_coupon(
    session: Session, shop_id: int, coupon_id: UUID, *, actor: Actor, now: datetime
) -> bool:
    """Hand the coupon out no more; False when that was so. Codes that people hold stay good."""
    coupon = lock_coupon(session, shop_id, coupon_id)
    if not coupon.is_active:
        return False
    coupon.is_active = False
    _record(session, coupon, "coupon_ended", actor, now)
    session.flush()
    return True


def refuse_coupon(session: Session, shop_id: int, coupon_id: UUID, reason: str) -> None:
    """Shopify will not have the coupon, for `reason`: its codes work no more, and none is made.

    Locks the coupon and the codes that wait; flushes.
    """
    coupon = lock_coupon(session, shop_id, coupon_id)
    coupon.is_active, coupon.error = False, reason[:500]
    session.flush()
    give_up_all(session, shop_id, coupon_id)


def get_coupon(session: Session, shop_id: int, coupon_id: UUID) -> Coupon:
    """The shop's coupon as it stands now; raises CouponNotFound."""
    coupon = session.get(Coupon, (shop_id, coupon_id), populate_existing=True)
    if coupon is None:
        raise CouponNotFound(str(coupon_id))
    return coupon


def lock_coupon(session: Session, shop_id: int, coupon_id: UUID) -> Coupon:
    """The same, locked until the transaction ends. Members' balances are locked before it."""
    coupon = session.get(Coupon, (shop_id, coupon_id), with_for_update=True, populate_existing=True)
    if coupon is None:
        raise CouponNotFound(str(coupon_id))
    return coupon


def list_coupons(session: Session, shop_id: int) -> Sequence[Coupon]:
    """All coupons of the shop, ended ones too, the oldest first."""
    statement = select(Coupon).where(Coupon.shop_id == shop_id).order_by(Coupon.id)
    return session.scalars(statement.execution_options(populate_existing=True)).all()


def list_handed_out(session: Session, shop_id: int, today: date) -> Sequence[Coupon]:
    """The coupons that can be given to members, the oldest first."""
    return [
        coupon
        for coupon in list_coupons(session, shop_id)
        if coupon.is_active and not is_over(coupon, today)
    ]


def _check_room(session: Session, shop_id: int, name: str) -> None:
    active = (Coupon.shop_id == shop_id) & Coupon.is_active
    if session.scalars(select(func.count()).select_from(Coupon).where(active)).one() >= COUPONS_MAX:
        raise BadCoupon(
            "name", said("End one first: %(most)s are handed out already", most=COUPONS_MAX)
        )
    same = select(Coupon.id).where(active, func.lower(Coupon.name) == name.lower())
    if session.scalar(same.limit(1)) is not None:
        raise BadCoupon("name", said("There is a coupon called %(name)s already", name=name))


def _record(session: Session, coupon: Coupon, action: str, actor: Actor, now: datetime) -> None:
    audit.record(
        session,
        coupon.shop_id,
        actor,
        action,
        ("coupon", str(coupon.id)),
        now=now,
        name=coupon.name,
        kind=coupon.kind,
    )
