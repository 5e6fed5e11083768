"""A member as a cashier sees one: just enough to greet them and to put them on the cart. Reads."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from loyalty.base.clock import day_in
from loyalty.base.errors import MemberNotActive, MemberNotFound
from loyalty.base.said import said
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.contact import mask_contact
from loyalty.members.tables import Customer, Member, MemberBalance
from loyalty.orders.tables import Order
from loyalty.redemption.tables import Redemption
from loyalty.shops.tables import Location, Shop

_OPEN_MAX = 10


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
    """The active member; raises MemberNotFound or MemberNotActive. Two queries: a cashier waits."""
    row = session.execute(_member(shop.shop_id, member_id)).one_or_none()
    if row is None:
        raise MemberNotFound(str(member_id))
    if row.state != "active":
        raise MemberNotActive(row.state)
    return TillMember(
        name=" ".join(part for part in (row.first_name, row.last_name) if part) or said("No name"),
        contact=mask_contact(row.email, row.phone),
        points=row.available,
        customer_id=row.customer_id,
        joined_on=day_in(shop.timezone, row.joined_at),
        last_order=_last_order(session, shop, member_id),
    )


def list_open_redemptions(session: Session, shop_id: int, member_id: UUID) -> list[Redemption]:
    """The member's redemptions whose code can be used, or is on its way; newest first, ten."""
    rows = session.scalars(
        select(Redemption)
        .where(
            Redemption.shop_id == shop_id,
            Redemption.member_id == member_id,
            Redemption.state.in_(("reserved", "issued")),
        )
        .order_by(Redemption.reserved_at.desc(), Redemption.id)
        .limit(_OPEN_MAX)
    )
    return list(rows)


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


def _member(shop_id: int, member_id: UUID) -> Select[Any]:
    """Of several customers who are one member: who has an account, then the newest."""
    customer_id = (
        select(Customer.customer_id)
        .where(
            Customer.shop_id == shop_id,
            Customer.member_id == member_id,
            Customer.deleted_at.is_(None),
        )
        .order_by(Customer.has_account.desc(), Customer.customer_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(Member.state, Member.first_name, Member.last_name, Member.email, Member.phone)
        .add_columns(Member.joined_at, MemberBalance.available, customer_id.label("customer_id"))
        .join(
            MemberBalance,
            (MemberBalance.shop_id == Member.shop_id) & (MemberBalance.member_id == Member.id),
        )
        .where(Member.shop_id == shop_id, Member.id == member_id)
    )


def _last_order(session: Session, shop: Shop, member_id: UUID) -> LastOrder | None:
    earned = (
        select(func.coalesce(func.sum(LedgerEntry.points), 0))
        .where(
            LedgerEntry.shop_id == shop.shop_id,
            LedgerEntry.order_id == Order.order_id,
            LedgerEntry.kind.in_(("earn_order", "earn_reversal")),
        )
        .scalar_subquery()
    )
    row = session.execute(
        select(Order.name, Order.processed_at, earned.label("points"))
        .where(
            Order.shop_id == shop.shop_id,
            Order.member_id == member_id,
            Order.is_paid,
            Order.is_test.is_(False),
            Order.is_there(),
        )
        .order_by(Order.processed_at.desc(), Order.order_id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return LastOrder(row.name, day_in(shop.timezone, row.processed_at), int(row.points))
