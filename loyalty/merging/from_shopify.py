"""Two customers that Shopify made one: their members become one too, if they are two.

The invariant: which of the two stays is Shopify's word; how often and in which order it is told
does not matter.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from loyalty.base.errors import BadMerge
from loyalty.members import archiving
from loyalty.members.enrolment import link_customer, record_customer, store_customer
from loyalty.members.facts import CustomerFacts
from loyalty.members.leaving import SHOPIFY, delete_customer, follow_customer
from loyalty.members.tables import Customer, Member
from loyalty.merging.merging import merge
from loyalty.shops.tables import Shop


@dataclass(frozen=True, slots=True)
class Outcome:
    """`merge_id` when two members became one; `refusal` says why they could not."""

    merge_id: UUID | None = None
    refusal: str | None = None


def follow_merge(
    session: Session,
    shop: Shop,
    gone_id: int,
    kept_id: int,
    kept: CustomerFacts | None,
    *,
    now: datetime,
) -> Outcome:
    """Carry out that customer `gone_id` went into `kept_id`; `kept` as Shopify has them now.

    `kept` is None when they are gone as well, into a third. Flushes; the caller commits.
    """
    _lock_customers(session, shop.shop_id, (gone_id, kept_id))
    delete_customer(session, shop, gone_id, now=now, archives=False)
    if kept is not None:
        store_customer(session, shop, kept)
    gone, stays = (session.get(Customer, (shop.shop_id, one)) for one in (gone_id, kept_id))
    if stays is not None and stays.redacted_at is not None:
        return Outcome(refusal="the customer who was kept was erased")
    if gone is None or gone.member_id is None:
        if kept is not None:
            record_customer(session, shop, kept, now=now, is_backfill=False)
        return Outcome()
    if stays is None:
        return Outcome(refusal="the customer who was kept is not known")
    if stays.member_id is None:
        return _hand_on(session, shop, gone, stays, now)
    return _merge_members(session, shop, stays.member_id, gone.member_id, stays, now)


def _hand_on(
    session: Session, shop: Shop, gone: Customer, stays: Customer, now: datetime
) -> Outcome:
    """Whoever was kept was nobody's yet: they are the member of who went."""
    member = session.get_one(Member, (shop.shop_id, gone.member_id), populate_existing=True)
    link_customer(session, shop, stays, member, now=now)
    follow_customer(session, member, stays, now=now)
    return Outcome()


def _merge_members(
    session: Session,
    shop: Shop,
    survivor_id: UUID,
    merged_id: UUID,
    stays: Customer,
    now: datetime,
) -> Outcome:
    if survivor_id == merged_id:
        member = session.get_one(Member, (shop.shop_id, survivor_id), populate_existing=True)
        follow_customer(session, member, stays, now=now)
        return Outcome()
    savepoint = session.begin_nested()
    try:
        if stays.deleted_at is None:
            _bring_back(session, shop, survivor_id, now)
        done = merge(session, shop, survivor_id, merged_id, actor=SHOPIFY, now=now)
    except BadMerge as error:
        savepoint.rollback()
        return Outcome(refusal=str(error))
    savepoint.commit()
    return Outcome(merge_id=done.id)


def _bring_back(session: Session, shop: Shop, member_id: UUID, now: datetime) -> None:
    """Who stays in Shopify is there: their archive is over."""
    member = session.get_one(Member, (shop.shop_id, member_id), populate_existing=True)
    if member.state == "archived":
        archiving.restore(session, shop, member_id, actor=SHOPIFY, now=now)


def _lock_customers(session: Session, shop_id: int, customer_ids: tuple[int, int]) -> None:
    """The two and all customers of their members, in the order in which everybody locks them."""
    members = select(Customer.member_id).where(
        Customer.shop_id == shop_id,
        Customer.customer_id.in_(customer_ids),
        Customer.member_id.is_not(None),
    )
    session.scalars(
        select(Customer)
        .where(
            Customer.shop_id == shop_id,
            or_(Customer.customer_id.in_(customer_ids), Customer.member_id.in_(members)),
        )
        .order_by(Customer.customer_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
