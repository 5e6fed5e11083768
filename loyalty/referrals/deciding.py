"""What the friend's orders say of a referral, as they stand now. Reads only.

The invariant: the answer hangs on the orders' present state alone, not on what came first. The
friend's first paid order decides for good, whatever becomes of it, unless Shopify deletes it: then
there never was one.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from loyalty.earning.assessing import earning_lines
from loyalty.earning.removal import removal_of
from loyalty.orders.loading import read_sheets
from loyalty.orders.sheets import OrderSheet
from loyalty.orders.tables import Order
from loyalty.programme.rules import get_programme
from loyalty.referrals.namesakes import Namesakes
from loyalty.shops.tables import Shop


@dataclass(frozen=True, slots=True)
class FirstOrder:
    """The order that decides. `basis_minor`: what it was worth as ordered, as earning counts it.

    `counts_from`: when it was both placed and paid.
    """

    order_id: int
    name: str
    processed_at: datetime
    counts_from: datetime
    basis_minor: int
    is_gone: bool
    """It was cancelled, or nothing of it is left."""


def has_earlier_order(
    session: Session, shop_id: int, friend: Namesakes, *, claimed_at: datetime
) -> bool:
    """Whether the friend had bought before they came by the link, cancelled since or not.

    As whoever they are known by their addresses, members or not.
    """
    paid = select(Order.order_id).where(
        Order.shop_id == shop_id,
        or_(Order.member_id.in_(friend.member_ids), Order.customer_id.in_(friend.customer_ids)),
        Order.is_paid,
        Order.is_test.is_(False),
        Order.is_there(),
        Order.processed_at < claimed_at,
    )
    return session.scalar(paid.limit(1)) is not None


def find_first_order(
    session: Session, shop: Shop, friend_id: UUID, *, claimed_at: datetime
) -> FirstOrder | None:
    """The friend's first paid order since they came by the link; tests and deleted ones are none.

    `friend_id` is who the friend is by now.
    """
    statement = (
        select(Order.order_id)
        .where(
            Order.shop_id == shop.shop_id,
            Order.member_id == friend_id,
            Order.is_paid,
            Order.is_test.is_(False),
            Order.is_there(),
            Order.processed_at >= claimed_at,
        )
        .order_by(Order.processed_at, Order.order_id)
        .limit(1)
    )
    order_id = session.scalar(statement)
    if order_id is None:
        return None
    return _look_at(session, shop, read_sheets(session, shop.shop_id, [order_id])[order_id])


def is_deleted(session: Session, shop_id: int, order_id: int) -> bool:
    """Whether Shopify has deleted this order."""
    known = select(Order.order_id).where(
        Order.shop_id == shop_id, Order.order_id == order_id, ~Order.is_there()
    )
    return session.scalar(known) is not None


def _look_at(session: Session, shop: Shop, sheet: OrderSheet) -> FirstOrder:
    removal = removal_of(sheet, counts_money=False)
    programme = get_programme(session, shop.shop_id)
    lines = earning_lines(programme, sheet, sheet.lines.values(), removal)
    is_empty = bool(lines) and all(line.present == 0 for line in lines)
    return FirstOrder(
        order_id=sheet.order_id,
        name=sheet.name,
        processed_at=sheet.processed_at,
        counts_from=sheet.counts_from,
        basis_minor=sum(line.basis_minor for line in lines),
        is_gone=removal.is_cancelled or is_empty,
    )
