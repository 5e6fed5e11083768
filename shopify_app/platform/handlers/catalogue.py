"""Products and collections: kept in step. No webhook tells which is in which: a job reads that."""

from sqlalchemy.orm import Session

from loyalty.catalogue import mirror
from loyalty.shops.tables import Shop
from shopify_app.platform import backfill_runs as runs
from shopify_app.platform.deliveries import Delivery
from shopify_app.platform.errors import Ignored
from shopify_app.platform.payloads.catalogue import read_collection, read_product
from shopify_app.platform.payloads.reading import own_id


def record_product(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Record the product, and have its collections read if it may have moved."""
    facts = read_product(delivery.payload)
    moved = mirror.record_products(session, shop.shop_id, [facts], read_at=delivery.now)
    for product_id in moved:
        runs.ask_for_product(session, shop.shop_id, product_id, now=delivery.now)


def delete_product(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Remember that the product is gone: whatever comes later is older."""
    product_id = own_id(delivery.payload, "product")
    mirror.delete_product(session, shop.shop_id, product_id, now=delivery.now)


def record_collection(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Record the collection, and have its products read."""
    facts = read_collection(delivery.payload)
    if not mirror.record_collection(session, shop.shop_id, facts):
        raise Ignored("older than what we know of the collection")
    runs.ask_for_collection(session, shop.shop_id, facts.collection_id, now=delivery.now)


def delete_collection(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Forget the collection and what was in it."""
    collection_id = own_id(delivery.payload, "collection")
    mirror.delete_collection(session, shop.shop_id, collection_id, now=delivery.now)
