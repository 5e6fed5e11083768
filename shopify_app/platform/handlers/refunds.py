"""Refunds, whether or not their order is known yet."""

from sqlalchemy.orm import Session

from loyalty.orders.recording import record_refund
from loyalty.shops.tables import Shop
from shopify_app.platform import backfill_runs as runs
from shopify_app.platform.deliveries import Delivery
from shopify_app.platform.payloads.refunds import is_in_other_money, read_refund


def record(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Record the refund; one paid out in another currency has its order read again instead."""
    facts = read_refund(delivery.payload, shop.currency)
    if is_in_other_money(delivery.payload, shop.currency):
        # Its transactions say what the customer got, not what that was in shop money.
        runs.ask_for_order(session, shop.shop_id, facts.order_id, now=delivery.now)
    else:
        record_refund(session, shop, facts, now=delivery.now)
