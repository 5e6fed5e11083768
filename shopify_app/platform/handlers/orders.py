"""Customers, orders and refunds: what they tell is recorded together, however many rows tell it.

An edit only asks for its order to be read again; a deletion is handled by itself.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from loyalty.orders.deleting import delete_order
from loyalty.orders.recording import Facts, check_currency, record_all
from loyalty.shops.tables import Shop
from shopify_app.platform import backfill_runs as runs
from shopify_app.platform.deliveries import Delivery
from shopify_app.platform.payloads import customers, orders, refunds
from shopify_app.platform.payloads.reading import own_id

Tell = Callable[[Shop, Delivery], Facts | None]
"""What a delivery tells; None when it must be handled by itself."""


def tell_order(shop: Shop, delivery: Delivery) -> Facts:
    """The order as this payload has it; raises ForeignCurrency."""
    facts = orders.read_order(delivery.payload)
    check_currency(shop, facts)
    return facts


def tell_customer(_: Shop, delivery: Delivery) -> Facts:
    """The customer as this payload has them."""
    return customers.read_customer(delivery.payload)


def tell_refund(shop: Shop, delivery: Delivery) -> Facts | None:
    """The refund; None for one paid out in another currency."""
    facts = refunds.read_refund(delivery.payload, shop.currency)
    return None if refunds.is_in_other_money(delivery.payload, shop.currency) else facts


def record(session: Session, shop: Shop, told: Sequence[Facts], *, now: datetime) -> None:
    """Record what was told, older news ignored, and have products read that orders wait for."""
    lacking = record_all(session, shop, told, now=now, is_backfill=False)
    for product_id in sorted(lacking):
        runs.ask_for_product(session, shop.shop_id, product_id, now=now)


def reread_refunded(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Have the order of a refund in another currency read again.

    Its transactions say what the customer got, not what that was in shop money.
    """
    facts = refunds.read_refund(delivery.payload, shop.currency)
    runs.ask_for_order(session, shop.shop_id, facts.order_id, now=delivery.now)


def reread_edited(session: Session, shop: Shop, delivery: Delivery) -> None:
    """An edit tells what changed, not what the order is now: have it read by GraphQL."""
    order_id = orders.read_edited_order_id(delivery.payload)
    runs.ask_for_order(session, shop.shop_id, order_id, now=delivery.now)


def delete(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Shopify deleted the order: as cancelled, for good. The payload is its id alone."""
    delete_order(session, shop, own_id(delivery.payload, "order"), now=delivery.now)
