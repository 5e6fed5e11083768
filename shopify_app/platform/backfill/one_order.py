"""One order read by its id, whole, with its customer if we do not know them; then recorded."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.facts import CustomerFacts
from loyalty.members.tables import Customer
from loyalty.orders.recording import check_currency, record_order
from loyalty.shops import directory
from shopify_app.platform import bulk_rows, client
from shopify_app.platform.backfill.paging import whole

Then = Callable[[Session], None]


def read_order(shop_id: int, order_id: int, then: Then | None = None) -> bool:
    """Record the order as Shopify has it now; False when it is deleted, or older than we may read.

    `then` is done in the same transaction. Raises ShopifyError, ShapeError, LoyaltyError. Commits.
    """
    variables = {"id": f"gid://shopify/Order/{order_id}"}
    order = whole(shop_id, "order_by_id", "order", "lineItems", variables)
    if order is None:
        return False
    facts = bulk_rows.read_order(order, order["lineItems"])
    facts = replace(facts, customer=_unknown_customer(shop_id, facts.customer_id))
    with shop_transaction(shop_id) as session:
        shop = directory.get_shop(session, shop_id)
        check_currency(shop, facts)
        record_order(session, shop, facts, now=utc_now(), is_backfill=False)
        if then is not None:
            then(session)
    return True


def _unknown_customer(shop_id: int, customer_id: int | None) -> CustomerFacts | None:
    """What Shopify says of an order's customer of whom no webhook has told us."""
    if customer_id is None:
        return None
    with shop_transaction(shop_id) as session:
        if session.get(Customer, (shop_id, customer_id)) is not None:
            return None
    identifier = {"id": f"gid://shopify/Customer/{customer_id}"}
    data = client.execute(shop_id, "customer_by_identifier", {"identifier": identifier})
    node: Any = data.get("customerByIdentifier")
    return bulk_rows.read_customer(node)[0] if isinstance(node, dict) else None
