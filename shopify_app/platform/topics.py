"""What becomes of a topic. shopify.app.toml subscribes to exactly these; a test holds the two.

A topic is told and recorded with others (TOLD), or handled by itself (HANDLERS).
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from loyalty.orders.recording import Facts
from loyalty.shops.tables import Shop
from shopify_app.platform.deliveries import Delivery
from shopify_app.platform.errors import NoHandler
from shopify_app.platform.handlers import (
    app,
    bulk,
    catalogue,
    compliance,
    consent,
    customers,
    locations,
    merges,
    orders,
    shop,
)

Handler = Callable[[Session, Shop, Delivery], None]

TOLD: dict[str, orders.Tell] = {
    "orders/create": orders.tell_order,
    "orders/paid": orders.tell_order,
    "orders/updated": orders.tell_order,
    "orders/cancelled": orders.tell_order,
    "refunds/create": orders.tell_refund,
    "customers/create": orders.tell_customer,
    "customers/update": orders.tell_customer,
}
"""Topics whose rows are recorded together."""

HANDLERS: dict[str, Handler] = {
    "orders/edited": orders.reread_edited,
    "orders/delete": orders.delete,
    "refunds/create": orders.reread_refunded,
    "customers/delete": customers.delete,
    "customers/merge": merges.store,
    "customers_email_marketing_consent/update": consent.hear_email,
    "customers_marketing_consent/update": consent.hear_sms,
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


TOPICS = frozenset(TOLD | HANDLERS)
_OVERTAKING = ("products", "collections", "locations", "bulk_operations", "orders", "refunds")


def tell(shop: Shop, topic: str, delivery: Delivery) -> Facts | None:
    """What the delivery tells of a customer, order or refund; None if it must be dispatched."""
    told = TOLD.get(topic)
    return told(shop, delivery) if told is not None else None


def record(session: Session, shop: Shop, told: Sequence[Facts], *, now: datetime) -> None:
    """Record all that was told in the caller's transaction, or raise."""
    orders.record(session, shop, told, now=now)
    session.flush()


def dispatch(session: Session, shop: Shop, topic: str, delivery: Delivery) -> None:
    """Run the handler of the topic in the caller's transaction; NoHandler if none."""
    handler = HANDLERS.get(topic)
    if handler is None:
        raise NoHandler(f"nothing handles {topic[:60]}")
    handler(session, shop, delivery)
    session.flush()


def may_overtake(topic: str) -> bool:
    """Whether the topic's handler touches no member, so that it need not wait for what was told."""
    return topic.partition("/")[0] in _OVERTAKING and topic != "orders/delete"
