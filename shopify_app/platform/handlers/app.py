"""The app's own life in a shop."""

from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.shops import directory
from loyalty.shops.tables import Shop
from shopify_app.platform import backfill_runs as runs
from shopify_app.platform import stored_tokens
from shopify_app.platform.deliveries import Delivery
from shopify_app.platform.errors import Ignored
from shopify_app.platform.tables import Installation


def uninstall(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Mark the shop as gone and drop its dead tokens; its books stay until shop/redact.

    The payload's domains may be null, so the shop is the one that the delivery came for.
    """
    installation = session.get(Installation, shop.shop_id, with_for_update=True)
    if installation is not None and delivery.occurred_at < installation.updated_at:
        # A token granted after it: the shop has come back before the news of its leaving.
        raise Ignored("the shop was installed again since")
    directory.uninstall(session, shop.shop_id, now=delivery.now)
    stored_tokens.forget(session, shop.shop_id, now=delivery.now)
    runs.cancel(session, shop.shop_id, reason="uninstalled", now=delivery.now)
    audit.record(
        session,
        shop.shop_id,
        audit.SYSTEM,
        "shop_uninstalled",
        ("shop", str(shop.shop_id)),
        now=delivery.now,
    )
