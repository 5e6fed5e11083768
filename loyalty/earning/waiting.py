"""Orders that waited to be looked at, because of a pause or a product, are settled in the end.

The invariant: an order leaves the queue by being settled, and comes back by its own state alone.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from loyalty.catalogue.tables import Product
from loyalty.earning.assessing import NO_PRODUCT, PAUSED
from loyalty.orders.desk import Desk
from loyalty.orders.tables import Order, OrderLine
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop


def settle_waiting(session: Session, shop: Shop, *, now: datetime, limit: int) -> int:
    """Settle up to `limit` orders that wait for nothing any more; how many there were.

    Flushes; the caller commits. Nothing is free while the programme is paused.
    """
    if get_programme(session, shop.shop_id).paused_at is not None:
        return 0
    order_ids = _list_free(session, shop.shop_id, limit)
    if not order_ids:
        return 0
    desk = Desk.open(session, shop, order_ids, now=now)
    for order_id in order_ids:
        sheet = desk.find(order_id)
        if sheet is not None:
            desk.settle(sheet, happened_at=sheet.shopify_updated_at)
    desk.write()
    return len(order_ids)


def count_waiting(session: Session, shop_id: int) -> dict[str, int]:
    """How many orders wait, by the reason why."""
    statement = (
        select(Order.held_back, func.count())
        .where(Order.shop_id == shop_id, Order.held_back.is_not(None))
        .group_by(Order.held_back)
    )
    return {str(reason): number for reason, number in session.execute(statement)}


def list_lacking_products(session: Session, shop_id: int, *, limit: int) -> Sequence[int]:
    """Products that orders wait for and the mirror does not know."""
    statement = (
        select(OrderLine.product_id)
        .join(
            Order,
            (Order.shop_id == OrderLine.shop_id) & (Order.order_id == OrderLine.order_id),
        )
        .where(Order.shop_id == shop_id, Order.held_back == NO_PRODUCT, *_unknown_line())
        .distinct()
        .order_by(OrderLine.product_id)
        .limit(limit)
    )
    return [product_id for product_id in session.scalars(statement) if product_id is not None]


def _list_free(session: Session, shop_id: int, limit: int) -> Sequence[int]:
    statement = (
        select(Order.order_id)
        .where(
            Order.shop_id == shop_id,
            Order.held_back.is_not(None),
            Order.member_id.is_not(None),
            or_(
                Order.held_back == PAUSED,
                and_(Order.held_back == NO_PRODUCT, ~_lacks_a_product()),
            ),
        )
        .order_by(Order.processed_at, Order.order_id)
        .limit(limit)
    )
    return session.scalars(statement).all()


def _lacks_a_product() -> ColumnElement[bool]:
    own = (OrderLine.shop_id == Order.shop_id, OrderLine.order_id == Order.order_id)
    return exists().where(*own, *_unknown_line())


def _unknown_line() -> tuple[ColumnElement[bool], ...]:
    """A line nobody looked at whose product's collections nobody has read."""
    known = exists().where(
        Product.shop_id == OrderLine.shop_id,
        Product.product_id == OrderLine.product_id,
        Product.collections_read_at.is_not(None),
    )
    return (
        OrderLine.product_id.is_not(None),
        OrderLine.quantity > OrderLine.assessed_quantity,
        ~known,
    )
