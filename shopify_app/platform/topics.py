"""Which handler a topic has. shopify.app.toml subscribes to exactly these; a test holds the two."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from loyalty.shops.tables import Shop
from shopify_app.platform.deliveries import Delivery, open_row
from shopify_app.platform.errors import NoHandler
from shopify_app.platform.handlers import (
    app,
    bulk,
    catalogue,
    compliance,
    customers,
    locations,
    merges,
    orders,
    refunds,
    shop,
)
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
    "customers/merge": merges.store,
    "shop/update": shop.update,
    "products/create": catalogue.record_product,
    "products/update": catalogue.record_product,
    "products/delete": catalogue.delete_product,
    "collections/create": catalogue.record_collection,
    "collections/update": catalogue.record_collection,
    "collections/delete": catalogue.delete_collection,
    "locations/create": locations.record,
    "locations/update": locations.record,
    "locations/activate": locations.record,
    "locations/deactivate": locations.record,
    "locations/delete": locations.delete,
    "app/uninstalled": app.uninstall,
    "app/scopes_update": app.update_scopes,
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
