"""Bulk operations: the news that one is finished saves the wait for the next poll."""

from sqlalchemy.orm import Session

from loyalty.shops.tables import Shop
from shopify_app.platform import backfill_runs as runs
from shopify_app.platform.deliveries import Delivery
from shopify_app.platform.errors import Ignored
from shopify_app.platform.payloads.reading import text


def wake(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Make the run that waits for this operation due now."""
    operation = text(delivery.payload, "admin_graphql_api_id")
    if not runs.wake(session, shop.shop_id, operation, now=delivery.now):
        raise Ignored("no run of ours waits for this bulk operation")
