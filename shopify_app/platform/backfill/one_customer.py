"""One customer read by their id, when it seems that Shopify has them no more."""

from typing import Any

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.hearing import hear
from loyalty.members.tables import Customer
from loyalty.orders.recording import record_all
from loyalty.reconciliation import recording
from loyalty.shops import directory
from shopify_app.platform import bulk_rows, client
from shopify_app.platform.handlers.customers import say_goodbye


def read_customer(shop_id: int, customer_id: int) -> None:
    """Record the customer as Shopify has them now, or that they were deleted unheard. Commits."""
    identifier = {"id": f"gid://shopify/Customer/{customer_id}"}
    data = client.execute(shop_id, "customer_by_identifier", {"identifier": identifier})
    node: Any = data.get("customerByIdentifier")
    now = utc_now()
    with shop_transaction(shop_id) as session:
        shop = directory.get_shop(session, shop_id)
        known = session.get(Customer, (shop_id, customer_id))
        if isinstance(node, dict):
            facts = bulk_rows.read_customer(node)[0]
            record_all(session, shop, [facts], now=now, is_backfill=False)
            hear(session, shop_id, {customer_id: facts.consents}, now=now, is_news=True)
        elif known is not None and known.deleted_at is None:
            say_goodbye(session, shop, customer_id, now=now)
            kind = recording.CUSTOMER_DELETED
            recording.note(session, shop_id, kind, customer_id, now=now, is_mended=True)
