"""Merged customers: what Shopify says is kept, and asked about before any point moves."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty.shops.tables import Shop
from shopify_app.platform import backfill_runs as runs
from shopify_app.platform.deliveries import Delivery
from shopify_app.platform.errors import Ignored, ShapeError
from shopify_app.platform.payloads.reading import identifier, objects_at
from shopify_app.platform.tables import CustomerMerge


def store(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Keep a merge once, and have both customers read again; a failed one moves nothing.

    Whether the customers are known here does not matter.
    """
    if delivery.payload.get("status") != "success":
        _store_failed(session, shop, delivery)
        return
    merge = _row(shop, delivery, "waiting", None)
    newer = {"state": "waiting", "reason": None, "merged_at": merge["merged_at"]}
    stored = session.scalar(
        insert(CustomerMerge)
        .values(merge)
        .on_conflict_do_update(
            index_elements=["shop_id", "deleted_customer_id", "kept_customer_id"],
            set_=newer,
            # Shopify has tried before, and it did not work then.
            where=CustomerMerge.state == "failed",
        )
        .returning(CustomerMerge.state)
    )
    if stored is not None:
        gone, kept = merge["deleted_customer_id"], merge["kept_customer_id"]
        runs.ask_for_merge(session, shop.shop_id, gone, kept, now=delivery.now)


def _store_failed(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Remember that Shopify did not merge them, unless it did, before or after."""
    try:
        merge = _row(shop, delivery, "failed", _codes(delivery.payload))
    except ShapeError as error:
        raise Ignored("a merge failed, and it does not say whose") from error
    session.execute(insert(CustomerMerge).values(merge).on_conflict_do_nothing())


def _row(shop: Shop, delivery: Delivery, state: str, reason: str | None) -> dict[str, Any]:
    payload = delivery.payload
    kept = identifier(payload.get("admin_graphql_api_customer_kept_id"), "customer_kept_id")
    gone = identifier(payload.get("admin_graphql_api_customer_deleted_id"), "customer_deleted_id")
    if kept == gone:
        raise ShapeError("a customer is merged with itself")
    return {
        "shop_id": shop.shop_id,
        "deleted_customer_id": gone,
        "kept_customer_id": kept,
        "state": state,
        "reason": reason,
        "merged_at": delivery.occurred_at,
        "received_at": delivery.now,
    }


def _codes(payload: dict[str, Any]) -> str | None:
    """Which rules of Shopify's stood against it; its sentences may name people."""
    codes = {str(error.get("field")) for error in objects_at(payload, "errors")}
    return ", ".join(sorted(code[:60] for code in codes))[:300] or None
