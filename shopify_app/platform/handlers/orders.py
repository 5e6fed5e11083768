"""Orders: their newest state is recorded; an edit only asks for the order to be read again."""

from sqlalchemy.orm import Session

from loyalty.orders.recording import record_order
from loyalty.shops.tables import Shop
from shopify_app.platform import backfill_runs as runs
from shopify_app.platform.deliveries import Delivery
from shopify_app.platform.payloads.orders import read_edited_order_id, read_order


def record(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Record the order as this payload has it; the domain ignores what is older than it knows."""
    record_order(session, shop, read_order(delivery.payload), now=delivery.now, is_backfill=False)


def reread(session: Session, shop: Shop, delivery: Delivery) -> None:
    """An edit tells what changed, not what the order is now: have it read by GraphQL."""
    order_id = read_edited_order_id(delivery.payload)
    runs.ask_for_order(session, shop.shop_id, order_id, now=delivery.now)
