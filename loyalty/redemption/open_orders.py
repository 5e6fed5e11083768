"""Orders that carry a redemption's code and are not paid yet.

The invariant: while one of them may still be paid, the redemption's points stay away.
"""

from sqlalchemy import ColumnElement, exists

from loyalty.orders.tables import Order, OrderCode
from loyalty.redemption.tables import Redemption


def is_carried() -> ColumnElement[bool]:
    """Where an order that we know, unpaid and not cancelled, carries the redemption's code."""
    return exists().where(
        OrderCode.shop_id == Redemption.shop_id,
        OrderCode.code == Redemption.code,
        Order.shop_id == OrderCode.shop_id,
        Order.order_id == OrderCode.order_id,
        ~Order.is_paid,
        ~Order.is_test,
        Order.cancelled_at.is_(None),
    )
