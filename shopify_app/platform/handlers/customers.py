"""Customers: who they are as Shopify says, and that one is gone."""

from sqlalchemy.orm import Session

from loyalty.members.enrolment import delete_customer, record_customer
from loyalty.shops.tables import Shop
from shopify_app.platform.deliveries import Delivery
from shopify_app.platform.payloads.customers import read_customer
from shopify_app.platform.payloads.reading import own_id


def record(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Record the customer, who may become a member by it."""
    facts = read_customer(delivery.payload)
    record_customer(session, shop, facts, now=delivery.now, is_backfill=False)


def delete(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Remember that Shopify deleted the customer."""
    delete_customer(session, shop, own_id(delivery.payload, "customer"), now=delivery.now)
