"""Turns what happened into deliveries, one for each subscription of its topic."""

from __future__ import annotations

import json
import uuid
from typing import Any

from ..clock import utc_now
from ..settings import WEBHOOK_API_VERSION, Settings
from ..store.discounts import ApiSubscription
from ..store.shop import Shop
from .sender import RETRIES, Delivery, Sender

# Sent even to an app that is no longer installed.
AFTER_UNINSTALL = {"app/uninstalled", "shop/redact", "customers/redact", "customers/data_request"}
COMPLIANCE = {"shop/redact", "customers/redact", "customers/data_request"}

Message = tuple[str, dict[str, Any]]  # topic and payload


class Emitter:
    """Knows who listens."""

    def __init__(self, settings: Settings, sender: Sender) -> None:
        self.settings, self.sender = settings, sender

    def emit(self, shop: Shop, *messages: Message) -> list[Delivery]:
        """Send the messages of one event; they share its event id."""
        event_id = str(uuid.uuid4())
        sent = []
        for topic, payload in messages:
            if not shop.is_installed and topic not in AFTER_UNINSTALL:
                continue
            for subscription in self._listeners(shop, topic):
                delivery = self._delivery(shop, topic, payload, subscription, event_id)
                self.sender.send(delivery)
                sent.append(delivery)
        return sent

    def _listeners(self, shop: Shop, topic: str) -> list[Any]:
        """The configuration's subscriptions, then those the app made in this shop."""
        configured = [s for s in self.settings.subscriptions if s.topic == topic]
        made = [s for s in shop.all("WebhookSubscription") if s.topic == topic]
        return [*configured, *made]

    def _delivery(
        self, shop: Shop, topic: str, payload: dict[str, Any], subscription: Any, event_id: str
    ) -> Delivery:
        fields = subscription.include_fields
        if fields:
            payload = {key: value for key, value in payload.items() if key in fields}
        now = utc_now()
        webhook_id = str(uuid.uuid4())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": topic,
            "X-Shopify-Shop-Domain": shop.domain,
            "X-Shopify-API-Version": WEBHOOK_API_VERSION,
            "X-Shopify-Webhook-Id": webhook_id,
            "X-Shopify-Event-Id": event_id,
            "X-Shopify-Triggered-At": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        if subscription.name:
            headers["X-Shopify-Name"] = subscription.name
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        delivery = Delivery(
            webhook_id,
            event_id,
            shop.domain,
            topic,
            self._url(subscription.uri),
            headers,
            body,
            now,
        )
        if isinstance(subscription, ApiSubscription):
            delivery.on_failure = lambda: _count_failure(shop, subscription)
        return delivery

    def _url(self, uri: str) -> str:
        """Relative addresses are the app's own."""
        return f"{self.settings.app_url}{uri}" if uri.startswith("/") else uri


def _count_failure(shop: Shop, subscription: ApiSubscription) -> None:
    """A subscription made by the API is deleted after eight failures in a row."""
    subscription.failures += RETRIES
    shop.remove(subscription)
