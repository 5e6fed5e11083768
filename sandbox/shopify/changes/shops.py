"""What happens to the shop as a whole: the app goes, its scopes change, people are forgotten."""

from __future__ import annotations

from ..clock import utc_now
from ..store.records import Customer
from ..store.shop import Shop
from ..webhooks.customer_payloads import privacy_payload
from ..webhooks.shop_payloads import scopes_payload, shop_payload
from ..world import World


def uninstall(world: World, shop: Shop) -> None:
    """The merchant removes the app: its tokens are dead before the webhook is sent."""
    shop.is_installed = False
    world.tokens.revoke_shop(shop.domain)
    for subscription in shop.all("WebhookSubscription"):
        shop.remove(subscription)
    world.emitter.emit(shop, ("app/uninstalled", shop_payload(shop)))


def redact_shop(world: World, shop: Shop) -> None:
    """What Shopify sends 48 hours after an uninstall."""
    payload = {"shop_id": shop.id, "shop_domain": shop.domain}
    world.emitter.emit(shop, ("shop/redact", payload))


def redact_customer(world: World, shop: Shop, customer: Customer) -> None:
    """Tell the app to forget somebody."""
    payload = privacy_payload(shop, customer, "orders_to_redact")
    world.emitter.emit(shop, ("customers/redact", payload))


def request_data(world: World, shop: Shop, customer: Customer) -> None:
    """Somebody asks what the app knows about them."""
    payload = privacy_payload(shop, customer, "orders_requested")
    payload["data_request"] = {"id": shop.next_id("DataRequest")}
    world.emitter.emit(shop, ("customers/data_request", payload))


def change_scopes(world: World, shop: Shop, scopes: list[str]) -> None:
    """The merchant grants other scopes; the app's tokens have them at once."""
    previous = shop.granted_scopes
    shop.granted_scopes = list(scopes)
    world.emitter.emit(shop, ("app/scopes_update", scopes_payload(shop, previous, utc_now())))


def update_shop(world: World, shop: Shop) -> None:
    """The merchant changed a setting of the shop."""
    world.emitter.emit(shop, ("shop/update", shop_payload(shop)))
