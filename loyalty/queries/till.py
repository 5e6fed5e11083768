"""A member as a cashier sees one: just enough to greet them and to put them on the cart. Reads."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.base.clock import day_in
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.contact import mask_contact
from loyalty.members.states import get_active_member
from loyalty.members.tables import Customer, MemberBalance
from loyalty.orders.tables import Order
from loyalty.shops.tables import Location, Shop


@dataclass(frozen=True, slots=True)
class LastOrder:
    """The newest paid order, on a day of the shop's, and what it earned net of what went back."""

    name: str
    on: date
    points: int


@dataclass(frozen=True, slots=True)
class TillMember:
    """`contact` is masked; `customer_id` is None when Shopify has no customer for them now."""

    name: str
    contact: str | None
    points: int
    customer_id: int | None
    joined_on: date
    last_order: LastOrder | None


def read_till_member(session: Session, shop: Shop, member_id: UUID) -> TillMember:
    """The active member; raises MemberNotFound or MemberNotActive."""
    member = get_active_member(session, shop.shop_id, member_id)
    available = session.scalar(
        select(MemberBalance.available).where(
            MemberBalance.shop_id == shop.shop_id, MemberBalance.member_id == member_id
        )
    )
    return TillMember(
        name=" ".join(part for part in (member.first_name, member.last_name) if part) or "No name",
        contact=mask_contact(member.email, member.phone),
        points=available or 0,
        customer_id=_customer_id(session, shop.shop_id, member_id),
        joined_on=day_in(shop.timezone, member.joined_at),
        last_order=_last_order(session, shop, member_id),
    )


def find_location_name(session: Session, shop_id: int, location_id: int) -> str | None:
    """The name of the shop's place; None for a place that is not the shop's, or not known yet."""
    return session.scalar(
        select(Location.name).where(
            Location.shop_id == shop_id, Location.location_id == location_id
        )
    )


def find_country(session: Session, shop_id: int, location_id: int) -> str | None:
    """The ISO 3166 country of the shop's place, where we know it."""
    address = session.scalar(
        select(Location.address).where(
            Location.shop_id == shop_id, Location.location_id == location_id
        )
    )
    country = (address or {}).get("country_code")
    return country if isinstance(country, str) else None


def _customer_id(session: Session, shop_id: int, member_id: UUID) -> int | None:
    """Of several customers who are one member: who has an account, then the newest."""
    return session.scalar(
        select(Customer.customer_id)
        .where(
            Customer.shop_id == shop_id,
            Customer.member_id == member_id,
            Customer.deleted_at.is_(None),
        )
        .order_by(Customer.has_account.desc(), Customer.customer_id.desc())
        .limit(1)
    )


def _last_order(session: Session, shop: Shop, member_id: UUID) -> LastOrder | None:
    order = session.scalar(
        select(Order)
        .where(
            Order.shop_id == shop.shop_id,
            Order.member_id == member_id,
            Order.is_paid,
            Order.is_test.is_(False),
        )
        .order_by(Order.processed_at.desc(), Order.order_id.desc())
        .limit(1)
    )
    if order is None:
        return None
    points = session.scalar(
        select(func.coalesce(func.sum(LedgerEntry.points), 0)).where(
            LedgerEntry.shop_id == shop.shop_id,
            LedgerEntry.order_id == order.order_id,
            LedgerEntry.kind.in_(("earn_order", "earn_reversal")),
        )
    )
    return LastOrder(order.name, day_in(shop.timezone, order.processed_at), int(points or 0))
