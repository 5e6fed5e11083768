"""Merged customers: what Shopify says is kept until their members are merged too."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty.shops.tables import Shop
from shopify_app.platform.deliveries import Delivery
from shopify_app.platform.errors import Ignored, ShapeError
from shopify_app.platform.payloads.reading import identifier
from shopify_app.platform.tables import CustomerMerge


def store(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Keep a merge that succeeded, once; whether its customers are known here does not matter."""
    payload = delivery.payload
    if payload.get("status") != "success":
        raise Ignored("the merge failed: nothing has moved")
    kept = identifier(payload.get("admin_graphql_api_customer_kept_id"), "customer_kept_id")
    gone = identifier(payload.get("admin_graphql_api_customer_deleted_id"), "customer_deleted_id")
    if kept == gone:
        raise ShapeError("a customer is merged with itself")
    merge = insert(CustomerMerge).values(
        shop_id=shop.shop_id,
        deleted_customer_id=gone,
        kept_customer_id=kept,
        state="waiting",
        merged_at=delivery.occurred_at,
        received_at=delivery.now,
    )
    session.execute(merge.on_conflict_do_nothing())
