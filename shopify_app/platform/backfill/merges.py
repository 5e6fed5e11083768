"""Carries out a merge of Shopify's, once both customers have been read again.

The invariant: no point moves while Shopify still has both of them.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.facts import CustomerFacts
from loyalty.merging.from_shopify import follow_merge
from loyalty.shops.directory import get_shop
from shopify_app.platform import backfill_runs as runs
from shopify_app.platform import bulk_rows, client
from shopify_app.platform.errors import ShopifyError
from shopify_app.platform.tables import CustomerMerge

_PATIENCE = timedelta(minutes=15)
"""How long the reading that the webhook asked for may take, with all its tries."""
_AT_ONCE = 200


def carry_out(shop_id: int, subject: str) -> None:
    """Merge the members of `<gone>:<kept>` (customer ids); twice is as once.

    Raises ShopifyError, to be tried again, while Shopify shows the one who should be gone.
    """
    gone_id, kept_id = (int(number) for number in subject.split(":"))
    if _read(shop_id, gone_id) is not None:
        raise ShopifyError("Shopify still has both customers", retryable=True)
    kept = _read(shop_id, kept_id)
    with shop_transaction(shop_id) as session:
        waiting = session.get(
            CustomerMerge, (shop_id, gone_id, kept_id), with_for_update=True, populate_existing=True
        )
        if waiting is not None and waiting.state == "waiting":
            _merge(session, waiting, kept, utc_now())


def ask_waiting(shop_id: int, *, now: datetime) -> int:
    """Ask anew for the shop's merges that wait and that nothing works on; how many."""
    with shop_transaction(shop_id) as session:
        waiting = session.scalars(
            select(CustomerMerge)
            .where(
                CustomerMerge.shop_id == shop_id,
                CustomerMerge.state == "waiting",
                CustomerMerge.received_at < now - _PATIENCE,
            )
            .order_by(CustomerMerge.merged_at)
            .limit(_AT_ONCE)
        ).all()
        for one in waiting:
            ids = (one.deleted_customer_id, one.kept_customer_id)
            runs.ask_for_merge(session, shop_id, *ids, now=now)
    return len(waiting)


def _read(shop_id: int, customer_id: int) -> CustomerFacts | None:
    identifier = {"id": f"gid://shopify/Customer/{customer_id}"}
    data = client.execute(shop_id, "customer_by_identifier", {"identifier": identifier})
    node = data.get("customerByIdentifier")
    return bulk_rows.read_customer(node)[0] if isinstance(node, dict) else None


def _merge(
    session: Session, waiting: CustomerMerge, kept: CustomerFacts | None, now: datetime
) -> None:
    outcome = follow_merge(
        session,
        get_shop(session, waiting.shop_id),
        waiting.deleted_customer_id,
        waiting.kept_customer_id,
        kept,
        now=now,
    )
    waiting.state = "refused" if outcome.refusal else "done"
    waiting.reason, waiting.merge_id, waiting.done_at = outcome.refusal, outcome.merge_id, now
