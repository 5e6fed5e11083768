"""The app's own life in a shop."""

from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.shops import directory
from loyalty.shops.tables import Shop
from shopify_app.platform import backfill_runs as runs
from shopify_app.platform import scopes, stored_tokens
from shopify_app.platform.deliveries import Delivery
from shopify_app.platform.errors import Ignored, ShapeError
from shopify_app.platform.payloads.reading import moment_or_none
from shopify_app.platform.tables import Installation


def uninstall(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Mark the shop as gone and drop its dead tokens; its books stay until shop/redact.

    The payload's domains may be null, so the shop is the one that the delivery came for.
    """
    installation = session.get(Installation, shop.shop_id, with_for_update=True)
    if shop.status == "uninstalled":
        raise Ignored("the shop has left already")
    if installation is not None and _is_before(delivery, installation):
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


def update_scopes(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Take over what the merchant grants by now; Shopify's own times tell what is newer."""
    current = delivery.payload.get("current")
    if not isinstance(current, list) or not all(isinstance(scope, str) for scope in current):
        raise ShapeError("current is no list of scopes")
    updated_at = moment_or_none(delivery.payload, "updated_at") or delivery.occurred_at
    installation = session.get(Installation, shop.shop_id, with_for_update=True)
    if installation is None or shop.status == "uninstalled":
        raise Ignored("the shop has no installation")
    known_at = installation.scopes_updated_at or installation.granted_at
    if known_at is not None and updated_at < known_at:
        raise Ignored("older than what we know of the scopes")
    installation.scopes, installation.scopes_updated_at = ",".join(current), updated_at
    audit.record(
        session,
        shop.shop_id,
        audit.Actor("system", "shopify"),
        "scopes_changed",
        ("shop", str(shop.shop_id)),
        now=delivery.now,
        missing=scopes.missing(current),
    )


def _is_before(delivery: Delivery, installation: Installation) -> bool:
    """Whether the news is older than the visit that last brought a token.

    Both times are Shopify's own, so it does not matter how its clock and ours differ; only news
    that does not say when it happened is judged by ours. A token that was renewed without a
    visit says nothing: an uninstall can follow it within a second.
    """
    if delivery.triggered_at is None:
        return installation.updated_at > delivery.occurred_at
    return installation.granted_at is not None and delivery.triggered_at < installation.granted_at
