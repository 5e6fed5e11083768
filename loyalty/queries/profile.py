"""A member's profile: figures, details, timeline and orders. Reads only."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from loyalty.base.errors import MemberNotFound
from loyalty.base.money import Money
from loyalty.base.said import said
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import Member, MemberBalance, TimelineEvent
from loyalty.orders.tables import Order
from loyalty.queries import paging
from loyalty.shops.tables import Shop


@dataclass(frozen=True, slots=True)
class Profile:
    """What the head and the details of a profile show. Money is in shop currency."""

    id: UUID
    state: str
    name: str
    first_name: str | None
    last_name: str | None
    email: str | None
    is_verified: bool
    phone: str | None
    address: dict[str, Any] | None
    birthday_on: date | None
    joined_at: datetime
    customer_since: datetime | None
    available: int
    pending: int
    lifetime_earned: int
    lifetime_burned: int
    order_count: int
    total_spend: Money
    last_entry: LedgerEntry | None


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """Newest first; `next` is None at the end."""

    events: list[TimelineEvent]
    next: str | None


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order with what it earned, net of what was taken back."""

    order_id: int
    name: str
    processed_at: datetime
    amount: Money
    points: int
    is_paid: bool
    is_cancelled: bool


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Newest first, with the sums over all of the member's orders."""

    rows: list[OrderRow]
    next: str | None
    lifetime_spend: Money
    average_order: Money


def get_profile(session: Session, shop_id: int, member_id: UUID) -> Profile:
    """The profile; raises MemberNotFound for a member of no or another shop."""
    member = session.get(Member, (shop_id, member_id))
    if member is None:
        raise MemberNotFound(str(member_id))
    balance = session.get_one(MemberBalance, (shop_id, member_id))
    order_count, spend = _spend(session, shop_id, member_id)
    name = " ".join(part for part in (member.first_name, member.last_name) if part)
    return Profile(
        id=member.id,
        state=member.state,
        name=name or member.email or said("No name"),
        first_name=member.first_name,
        last_name=member.last_name,
        email=member.email,
        is_verified=member.email_verified_at is not None,
        phone=member.phone,
        address=member.address,
        birthday_on=member.birthday_on,
        joined_at=member.joined_at,
        customer_since=member.customer_since,
        available=balance.available,
        pending=balance.pending,
        lifetime_earned=balance.lifetime_earned,
        lifetime_burned=balance.lifetime_burned,
        order_count=order_count,
        total_spend=spend,
        last_entry=_last_entry(session, shop_id, member_id),
    )


def list_timeline(
    session: Session, shop_id: int, member_id: UUID, *, after: str | None = None, limit: int = 20
) -> TimelinePage:
    """A batch of the member's events, newest first."""
    statement = (
        select(TimelineEvent)
        .where(TimelineEvent.shop_id == shop_id, TimelineEvent.member_id == member_id)
        .order_by(TimelineEvent.occurred_at.desc(), TimelineEvent.id.desc())
    )
    cursor = paging.decode(after, datetime, UUID)
    if cursor is not None:
        statement = statement.where(
            tuple_(TimelineEvent.occurred_at, TimelineEvent.id) < tuple_(*cursor)
        )
    found = list(session.scalars(statement.limit(limit + 1)))
    events = found[:limit]
    more = len(found) > limit
    return TimelinePage(
        events, paging.encode(events[-1].occurred_at, events[-1].id) if more else None
    )


def list_orders(
    session: Session, shop_id: int, member_id: UUID, *, after: str | None = None, limit: int = 20
) -> OrderPage:
    """A batch of the member's orders, newest first; test and deleted orders count nowhere."""
    statement = (
        select(Order)
        .where(Order.shop_id == shop_id, Order.member_id == member_id)
        .where(Order.is_test.is_(False), Order.is_there())
        .order_by(Order.processed_at.desc(), Order.order_id.desc())
    )
    cursor = paging.decode(after, datetime, int)
    if cursor is not None:
        statement = statement.where(tuple_(Order.processed_at, Order.order_id) < tuple_(*cursor))
    found = list(session.scalars(statement.limit(limit + 1)))
    orders, more = found[:limit], len(found) > limit
    points = _points_by_order(session, shop_id, [order.order_id for order in orders])
    count, spend = _spend(session, shop_id, member_id)
    average = Money(_half_up(spend.amount_minor, count), spend.currency)
    next_cursor = paging.encode(orders[-1].processed_at, orders[-1].order_id) if more else None
    return OrderPage(
        [_order_row(order, points.get(order.order_id, 0)) for order in orders],
        next_cursor,
        spend,
        average,
    )


def _order_row(order: Order, points: int) -> OrderRow:
    return OrderRow(
        order_id=order.order_id,
        name=order.name,
        processed_at=order.processed_at,
        amount=Money(order.current_total_minor, order.currency),
        points=points,
        is_paid=order.is_paid,
        is_cancelled=order.cancelled_at is not None,
    )


def _spend(session: Session, shop_id: int, member_id: UUID) -> tuple[int, Money]:
    """Paid orders and the sum of their current totals; test and deleted orders out."""
    statement = select(func.count(), func.coalesce(func.sum(Order.current_total_minor), 0)).where(
        Order.shop_id == shop_id,
        Order.member_id == member_id,
        Order.is_paid,
        Order.is_test.is_(False),
        Order.is_there(),
    )
    count, total = session.execute(statement).one()
    shop = session.get_one(Shop, shop_id)
    return count, Money(int(total), shop.currency)


def _points_by_order(session: Session, shop_id: int, order_ids: list[int]) -> dict[int, int]:
    statement = (
        select(LedgerEntry.order_id, func.sum(LedgerEntry.points))
        .where(
            LedgerEntry.shop_id == shop_id,
            LedgerEntry.order_id.in_(order_ids),
            LedgerEntry.kind.in_(("earn_order", "earn_reversal")),
        )
        .group_by(LedgerEntry.order_id)
    )
    return {order_id: int(n) for order_id, n in session.execute(statement) if order_id is not None}


def _last_entry(session: Session, shop_id: int, member_id: UUID) -> LedgerEntry | None:
    statement = (
        select(LedgerEntry)
        .where(LedgerEntry.shop_id == shop_id, LedgerEntry.member_id == member_id)
        .order_by(LedgerEntry.id.desc())
        .limit(1)
    )
    return session.scalar(statement)


def _half_up(amount: int, parts: int) -> int:
    return (2 * amount + parts) // (2 * parts) if parts else 0
