"""Which handler a topic has. shopify.app.toml subscribes to exactly these; a test holds the two."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from loyalty.shops.tables import Shop
from shopify_app.platform.deliveries import Delivery, open_row
from shopify_app.platform.errors import NoHandler
from shopify_app.platform.handlers import app, bulk, compliance, customers, orders, refunds, shop
from shopify_app.platform.tables import InboxRow

Handler = Callable[[Session, Shop, Delivery], None]

HANDLERS: dict[str, Handler] = {
    "orders/create": orders.record,
    "orders/paid": orders.record,
    "orders/updated": orders.record,
    "orders/cancelled": orders.record,
    "orders/edited": orders.reread,
    "refunds/create": refunds.record,
    "customers/create": customers.record,
    "customers/update": customers.record,
    "customers/delete": customers.delete,
    "shop/update": shop.update,
    "app/uninstalled": app.uninstall,
    "bulk_operations/finish": bulk.wake,
    "customers/data_request": compliance.request_data,
    "customers/redact": compliance.redact_customer,
    "shop/redact": compliance.redact_shop,
}


def dispatch(session: Session, shop: Shop, row: InboxRow, *, now: datetime) -> None:
    """Run the handler of the row's topic in the caller's transaction; NoHandler if none."""
    handler = HANDLERS.get(row.topic)
    if handler is None:
        raise NoHandler(f"nothing handles {row.topic[:60]}")
    handler(session, shop, open_row(row, now))
    session.flush()
