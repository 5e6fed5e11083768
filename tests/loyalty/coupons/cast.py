"""Coupons of Aurora, and who was given them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base.ids import new_id
from loyalty.coupons.assigning import Handed, assign
from loyalty.coupons.saving import add_coupon
from loyalty.coupons.tables import Coupon, CouponCode
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member, TimelineEvent
from loyalty.outbox import COUPON_EMAIL_ASKED, OutboxEvent
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer

STAFF = Actor("staff", "42")
BATCH = UUID("00000000-0000-7000-8000-000000000001")
OTHER_BATCH = UUID("00000000-0000-7000-8000-000000000002")


def add(session: Session, shop: Shop, **changes: Any) -> Coupon:
    """A coupon of 5.00 off, whose codes we make."""
    given = {"name": "Five off", "kind": "fixed_amount", "amount": "5.00"} | changes
    return add_coupon(session, shop, given, actor=STAFF, now=NOON)


def add_imported(session: Session, shop: Shop, *codes: str, **changes: Any) -> Coupon:
    """A coupon with these codes, which somebody else made."""
    coupon = add(session, shop, code_source="imported", **changes)
    for code in codes:
        session.add(
            CouponCode(
                shop_id=shop.shop_id,
                id=new_id(),
                coupon_id=coupon.id,
                code=code,
                state="free",
                created_at=NOON,
            )
        )
    session.flush()
    return coupon


def hand(
    session: Session,
    shop: Shop,
    coupon: Coupon,
    members: Sequence[UUID],
    *,
    batch: UUID = BATCH,
    sends_email: bool = False,
    **changes: Any,
) -> Handed:
    """Give the coupon to these members."""
    facts = {"actor": STAFF, "now": NOON} | changes
    return assign(
        session, shop, coupon.id, members, batch_id=batch, sends_email=sends_email, **facts
    )


def member(session: Session, shop: Shop, customer_id: int, **changes: Any) -> Member:
    """Somebody else of Aurora."""
    facts = {"email": f"{customer_id}@example.com", "first_name": "Carol"} | changes
    customer = record_customer(
        session, shop, a_customer(customer_id, **facts), now=NOON, is_backfill=False
    )
    return session.get_one(Member, (shop.shop_id, customer.member_id))


def codes_of(session: Session, who: Member) -> list[CouponCode]:
    """The codes that a member has, the oldest first."""
    statement = select(CouponCode).where(
        CouponCode.shop_id == who.shop_id, CouponCode.member_id == who.id
    )
    return list(session.scalars(statement.order_by(CouponCode.assigned_at, CouponCode.id)))


def said(session: Session, who: Member, kind: str) -> list[dict[str, Any]]:
    """The details of what the member's timeline says of this kind."""
    statement = select(TimelineEvent.details).where(
        TimelineEvent.shop_id == who.shop_id,
        TimelineEvent.member_id == who.id,
        TimelineEvent.kind == kind,
    )
    return list(session.scalars(statement.order_by(TimelineEvent.id)))


def emails(session: Session, who: Member) -> list[dict[str, Any]]:
    """The bodies of the coupon emails that were asked for."""
    statement = select(OutboxEvent.body).where(
        OutboxEvent.shop_id == who.shop_id,
        OutboxEvent.member_id == who.id,
        OutboxEvent.kind == COUPON_EMAIL_ASKED,
    )
    return list(session.scalars(statement.order_by(OutboxEvent.id)))
