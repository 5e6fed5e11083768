"""Who becomes a member, and what Shopify may change of one; a customer id is what matches."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from loyalty import outbox, timeline
from loyalty.base.ids import new_id
from loyalty.members.facts import CustomerFacts, normalise_email
from loyalty.members.tables import Customer, Member, MemberBalance
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop

_SHARED_FIELDS = ("first_name", "last_name", "email", "phone", "address")


def record_customer(
    session: Session,
    shop: Shop,
    facts: CustomerFacts,
    *,
    now: datetime,
    is_backfill: bool,
    order_count: int = 0,
) -> Customer:
    """Store what Shopify says of a customer, and enrol them if the programme takes everyone.

    Facts older than those we have are ignored. Flushes; the caller commits.
    """
    customer = _upsert(session, shop.shop_id, facts)
    if customer.member_id is not None:
        _copy_to_member(session, customer, now)
    elif facts.has_account or order_count > 0:
        enrol_customer(session, shop, customer, now=now, is_backfill=is_backfill)
    return customer


def enrol_customer(
    session: Session, shop: Shop, customer: Customer, *, now: datetime, is_backfill: bool
) -> Member | None:
    """The member this customer is or becomes; None when people must join by themselves."""
    if customer.member_id is not None:
        return session.get_one(Member, (shop.shop_id, customer.member_id))
    if customer.deleted_at is not None or _only_joiners(session, shop):
        return None
    enrolled_by = "backfill" if is_backfill else "account" if customer.has_account else "order"
    member = _new_member(session, customer, now=now, enrolled_by=enrolled_by)
    customer.member_id = member.id
    session.flush()
    return member


def delete_customer(session: Session, shop: Shop, customer_id: int, *, now: datetime) -> None:
    """Remember that Shopify deleted the customer; the member and the points stay."""
    customer = session.get(Customer, (shop.shop_id, customer_id), with_for_update=True)
    if customer is None or customer.deleted_at is not None:
        return
    customer.deleted_at = now
    if customer.member_id is not None:
        timeline.note_event(session, shop.shop_id, customer.member_id, "customer_deleted", now)


def _upsert(session: Session, shop_id: int, facts: CustomerFacts) -> Customer:
    customer = session.get(
        Customer, (shop_id, facts.customer_id), with_for_update=True, populate_existing=True
    )
    if customer is None:
        customer = Customer(
            shop_id=shop_id,
            customer_id=facts.customer_id,
            has_account=False,
            has_verified_email=False,
            email_norm="",
        )
        session.add(customer)
    elif not _is_news(customer, facts):
        return customer
    for name in (*_SHARED_FIELDS, "has_account", "has_verified_email"):
        setattr(customer, name, getattr(facts, name))
    customer.email_norm = normalise_email(facts.email)
    customer.customer_since = facts.customer_since or customer.customer_since
    customer.shopify_updated_at = facts.updated_at
    session.flush()
    return customer


def _is_news(customer: Customer, facts: CustomerFacts) -> bool:
    """An order's short copy of a customer fills gaps only; a whole record must be newer."""
    if facts.updated_at is None:
        return False
    known = customer.shopify_updated_at
    return known is None or facts.updated_at > known


def _only_joiners(session: Session, shop: Shop) -> bool:
    return get_programme(session, shop.shop_id).enrolment == "joiners"


def _new_member(session: Session, customer: Customer, *, now: datetime, enrolled_by: str) -> Member:
    member = Member(
        shop_id=customer.shop_id,
        id=new_id(),
        state="active",
        sources=dict.fromkeys(_SHARED_FIELDS, "shopify"),
        enrolled_by=enrolled_by,
        joined_at=now,
        customer_since=customer.customer_since,
        email_norm=customer.email_norm,
        **{name: getattr(customer, name) for name in _SHARED_FIELDS},
    )
    session.add(member)
    session.flush()
    session.add(MemberBalance(shop_id=customer.shop_id, member_id=member.id))
    timeline.note_event(session, member.shop_id, member.id, timeline.MEMBER_JOINED, now)
    session.flush()
    return member


def _copy_to_member(session: Session, customer: Customer, now: datetime) -> None:
    """Take over the fields that are still Shopify's; what was edited here stays."""
    member = session.get_one(Member, (customer.shop_id, customer.member_id))
    changes: dict[str, Any] = {
        name: getattr(customer, name)
        for name in _SHARED_FIELDS
        if member.sources.get(name) == "shopify"
        and getattr(customer, name) != getattr(member, name)
    }
    if not changes or member.state != "active":
        return
    for name, value in changes.items():
        setattr(member, name, value)
    if "email" in changes:
        member.email_norm, member.email_verified_at = normalise_email(member.email), None
    outbox.stage(session, member.shop_id, outbox.MEMBER_CHANGED, member_id=member.id, now=now)
