"""Customers: that one is gone. Who they are is told and recorded with orders."""

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from loyalty.members.leaving import delete_customer
from loyalty.shops.tables import Shop
from shopify_app.platform.deliveries import Delivery
from shopify_app.platform.payloads.reading import own_id
from shopify_app.platform.tables import CustomerMerge


def delete(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Shopify deleted the customer: their member is archived, unless they went into another."""
    say_goodbye(session, shop, own_id(delivery.payload, "customer"), now=delivery.now)


def say_goodbye(session: Session, shop: Shop, customer_id: int, *, now: datetime) -> None:
    """Shopify has the customer no more: the same, whoever tells of it. Flushes."""
    is_merged = exists().where(
        CustomerMerge.shop_id == shop.shop_id,
        CustomerMerge.deleted_customer_id == customer_id,
        CustomerMerge.state.in_(("waiting", "done")),
    )
    archives = not session.scalar(select(is_merged))
    delete_customer(session, shop, customer_id, now=now, archives=archives)
