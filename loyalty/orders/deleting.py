"""Orders that Shopify deletes: as cancelled for good, whatever comes late, known before or not."""

from datetime import datetime

from sqlalchemy.orm import Session

from loyalty.orders.desk import Desk
from loyalty.shops.tables import Shop


def delete_order(session: Session, shop: Shop, order_id: int, *, now: datetime) -> None:
    """Take back what the order earned, give back what it spent, and let it count nowhere.

    Twice is no matter. Flushes; the caller commits.
    """
    desk = Desk.open(session, shop, [order_id], now=now)
    desk.delete_order(order_id)
    desk.write()
