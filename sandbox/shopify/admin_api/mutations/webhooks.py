"""Webhook subscriptions that the app makes for one shop, and the app's own uninstall."""

from __future__ import annotations

from typing import Any

from ...changes.shops import uninstall
from ...store.discounts import ApiSubscription
from ..context import Context
from ..errors import refuse
from ..registry import resolves
from ..types.shops import installation
from .helpers import wanted

# Topics whose name is not resource/action with one underscore turned into a slash.
_ODD = {
    "CUSTOMER_TAGS_ADDED": "customer.tags_added",
    "CUSTOMER_TAGS_REMOVED": "customer.tags_removed",
    "CUSTOMERS_EMAIL_MARKETING_CONSENT_UPDATE": "customers_email_marketing_consent/update",
    "CUSTOMERS_MARKETING_CONSENT_UPDATE": "customers_marketing_consent/update",
    "BULK_OPERATIONS_FINISH": "bulk_operations/finish",
}


@resolves("Mutation", "webhookSubscriptionCreate")
def create(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    given = arguments["webhookSubscription"]
    uri = given.get("uri") or ""
    # Plain http is refused by Shopify; here it stands in for https on one machine.
    if not uri.startswith(("https://", "http://localhost:", "http://127.0.0.1:")):
        raise refuse("Address is invalid", ["webhookSubscription", "uri"])
    topic = _topic(arguments["topic"])
    for other in context.shop.all("WebhookSubscription"):
        if (other.topic, other.uri) == (topic, uri):
            message = "Address for this topic has already been taken"
            raise refuse(message, ["webhookSubscription", "uri"])
    subscription = ApiSubscription(
        context.shop.next_id("WebhookSubscription"),
        topic,
        uri,
        context.now,
        given.get("name"),
        given.get("filter"),
        given.get("includeFields") or [],
    )
    context.shop.add(subscription)
    return {"webhookSubscription": subscription}


@resolves("Mutation", "webhookSubscriptionDelete")
def delete(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    subscription = wanted(context, arguments["id"], "WebhookSubscription")
    context.shop.remove(subscription)
    return {"deletedWebhookSubscriptionId": arguments["id"]}


@resolves("Mutation", "appUninstall")
def app_uninstall(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    app = installation(context)["app"]
    uninstall(context.world, context.shop)
    return {"app": app}


def _topic(name: str) -> str:
    """`ORDERS_PAID` → `orders/paid`."""
    if name in _ODD:
        return _ODD[name]
    resource, _, action = name.lower().rpartition("_")
    return f"{resource}/{action}"
