"""Customers whom Shopify deletes: the member is put away when no customer of theirs is left.

The invariant: who was deleted stays so, known before or not; nothing late enrols them.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.audit import Actor
from loyalty.members import archiving
from loyalty.members.enrolment import copy_to_member
from loyalty.members.tables import Customer, Member
from loyalty.shops.tables import Shop

SHOPIFY = Actor("system", "shopify")


def delete_customer(
    session: Session, shop: Shop, customer_id: int, *, now: datetime, archives: bool = True
) -> None:
    """Remember that Shopify deleted the customer, and put their member away with the points.

    Not with `archives` False: the customer went into another, and so will the member. Flushes;
    the caller commits.
    """
    customer = _lock_or_add(session, shop.shop_id, customer_id)
    if customer.deleted_at is not None:
        return
    customer.deleted_at = now
    session.flush()
    if customer.member_id is None:
        return
    member = session.get_one(Member, (shop.shop_id, customer.member_id), populate_existing=True)
    timeline.note_event(session, shop.shop_id, member.id, "customer_deleted", now)
    following = _find_other(session, member)
    if following is not None:
        follow_customer(session, member, following, now=now)
    elif archives and member.state == "active":
        archiving.archive(
            session, shop, member.id, actor=SHOPIFY, reason="customer_deleted", now=now
        )


def follow_customer(session: Session, member: Member, customer: Customer, *, now: datetime) -> None:
    """Take the member's details from this customer of theirs, if the one who told them is gone."""
    teller = session.get(Customer, (member.shop_id, member.details_customer_id or 0))
    is_gone = teller is None or teller.deleted_at is not None or teller.member_id != member.id
    if is_gone:
        member.details_customer_id = customer.customer_id
        session.flush()
        copy_to_member(session, customer, now)
        session.flush()


def _lock_or_add(session: Session, shop_id: int, customer_id: int) -> Customer:
    """The customer, locked; of one that we never saw a row that says nothing of them."""
    blank = insert(Customer).values(
        shop_id=shop_id,
        customer_id=customer_id,
        email_norm="",
        has_verified_email=False,
        has_account=False,
    )
    session.execute(blank.on_conflict_do_nothing())
    return session.get_one(
        Customer, (shop_id, customer_id), with_for_update=True, populate_existing=True
    )


def _find_other(session: Session, member: Member) -> Customer | None:
    """Another customer of the member whom Shopify still has: an account first, then the newest."""
    return session.scalar(
        select(Customer)
        .where(
            Customer.shop_id == member.shop_id,
            Customer.member_id == member.id,
            Customer.deleted_at.is_(None),
        )
        .order_by(Customer.has_account.desc(), Customer.customer_id.desc())
        .limit(1)
    )
