"""Webhooks on the wire: headers, signature, retries, and faults on demand."""

from __future__ import annotations

import json
import uuid
from typing import Any

import requests

from .stand_in import AURORA, OLD_SECRET, SECRET, StandIn, wait_until


def place(shopify: StandIn, **wish: Any) -> dict[str, Any]:
    order: dict[str, Any] = shopify.control("orders", wish)
    return order


def delivery(shopify: StandIn, topic: str) -> dict[str, Any]:
    """The newest delivery of a topic, as the log has it."""
    found: dict[str, Any] = shopify.get("/_control/deliveries", topic=topic)[-1]
    return found


def test_a_paid_order_sends_its_topics_as_one_event(shopify: StandIn) -> None:
    order = place(shopify, customer_id=shopify.alice()["id"])

    wait_until(lambda: len(shopify.app.received) == 4)
    by_topic = {webhook.topic: webhook for webhook in shopify.app.received}
    assert set(by_topic) == {"orders/create", "orders/paid", "orders/updated", "customers/update"}
    headers = [webhook.headers for webhook in by_topic.values()]
    assert len({h["x-shopify-event-id"] for h in headers}) == 1
    assert len({h["x-shopify-webhook-id"] for h in headers}) == 4
    paid = by_topic["orders/paid"]
    assert paid.payload["id"] == order["id"]
    assert paid.path == "/webhooks"
    assert paid.headers["x-shopify-shop-domain"] == AURORA
    assert paid.headers["x-shopify-api-version"] == "2026-07"
    assert paid.headers["x-shopify-name"] == "orders"
    assert paid.headers["user-agent"] == "Shopify-Captain-Hook"
    assert paid.headers["x-shopify-triggered-at"].endswith("Z")


def test_the_signature_covers_the_raw_body(shopify: StandIn) -> None:
    place(shopify, note="Grüße aus Zürich ☕")

    paid = wait_until(lambda: shopify.app.of("orders/paid"))[0]
    assert "Grüße".encode() in paid.body
    assert paid.is_signed_with(SECRET)


def test_deliveries_can_be_signed_with_the_old_secret(shopify: StandIn) -> None:
    shopify.control("webhooks/signing", {"secret": "old"})

    place(shopify)

    assert wait_until(lambda: shopify.app.of("orders/paid"))[0].is_signed_with(OLD_SECRET)


def test_a_refused_delivery_is_repeated_unchanged_until_it_is_taken(shopify: StandIn) -> None:
    shopify.app.statuses = [500, 302, 404]
    customer = {"first_name": "Nora", "email": f"{uuid.uuid4().hex}@example.com"}

    shopify.control("customers", customer)

    wait_until(lambda: len(shopify.app.of("customers/create")) == 4)
    sent = shopify.app.of("customers/create")
    assert len({webhook.body for webhook in sent}) == 1
    assert len({webhook.headers["x-shopify-webhook-id"] for webhook in sent}) == 1
    wait_until(lambda: delivery(shopify, "customers/create")["state"] == "delivered")
    assert delivery(shopify, "customers/create")["attempts"] == ["500", "302", "404", "200"]


def test_nine_attempts_are_all_there_are(shopify: StandIn) -> None:
    shopify.app.statuses = [503] * 9

    shopify.control("shop-update")

    wait_until(lambda: delivery(shopify, "shop/update")["state"] == "failed")
    assert delivery(shopify, "shop/update")["attempts"] == ["503"] * 9
    assert len(shopify.app.of("shop/update")) == 9


def test_a_slow_answer_counts_as_none(shopify: StandIn) -> None:
    shopify.app.delay_s = 5.3

    shopify.control("shop-update")
    wait_until(lambda: delivery(shopify, "shop/update")["attempts"])
    shopify.app.delay_s = 0.0

    assert delivery(shopify, "shop/update")["attempts"][0] == "ReadTimeout"
    wait_until(lambda: delivery(shopify, "shop/update")["state"] == "delivered")


def test_faults_repeat_drop_and_forge(shopify: StandIn) -> None:
    shopify.fault("webhooks", "repeat", topic="orders/paid", times=3)
    place(shopify)
    wait_until(lambda: len(shopify.app.of("orders/paid")) == 3)
    shopify.fault("webhooks", "drop", topic="orders/paid", count=1)
    place(shopify)
    dropped = delivery(shopify, "orders/paid")["state"]
    wait_until(lambda: len(shopify.app.received) == 7)  # the other topics of both orders as well
    shopify.app.received.clear()
    shopify.app.statuses = [401]
    shopify.fault("webhooks", "wrong_hmac", topic="shop/update", count=1)
    shopify.control("shop-update")

    wait_until(lambda: len(shopify.app.of("shop/update")) == 2)
    forged, repeated = shopify.app.of("shop/update")
    assert dropped == "dropped"
    assert not forged.is_signed_with(SECRET)
    assert repeated.is_signed_with(SECRET)


def test_held_deliveries_come_when_they_are_released(shopify: StandIn) -> None:
    shopify.fault("webhooks", "hold")
    orders = [place(shopify)["id"] for _ in range(3)]
    assert delivery(shopify, "orders/paid")["state"] == "held"
    assert shopify.app.received == []

    released = shopify.control("webhooks/release", {"shuffled": True})["sent"]

    wait_until(lambda: len(shopify.app.of("orders/paid")) == 3)
    assert released == 9  # three topics of three orders
    assert {webhook.payload["id"] for webhook in shopify.app.of("orders/paid")} == set(orders)


def test_everything_can_be_replayed(shopify: StandIn) -> None:
    place(shopify)
    wait_until(lambda: len(shopify.app.received) == 3)
    known = len(shopify.get("/_control/deliveries"))
    event = shopify.app.received[0].headers["x-shopify-event-id"]
    shopify.app.received.clear()

    sent = shopify.control("webhooks/replay", {"times": 2})["sent"]

    wait_until(lambda: len(shopify.app.received) == sent, timeout_s=60)
    assert sent == known * 2
    again = [w for w in shopify.app.received if w.headers["x-shopify-event-id"] == event]
    assert len(again) == 6


def test_a_subscription_of_the_api_is_sent_its_fields_alone(shopify: StandIn, token: str) -> None:
    create = """mutation ($topic: WebhookSubscriptionTopic!, $w: WebhookSubscriptionInput!) {
      webhookSubscriptionCreate(topic: $topic, webhookSubscription: $w) {
        webhookSubscription { id topic } userErrors { message } } }"""
    url = f"{shopify.get('/_control/health')['app_url']}/made-by-api"
    given = {"uri": url, "includeFields": ["id", "name"]}
    made = shopify.data(token, create, {"topic": "ORDERS_PAID", "w": given})

    order = place(shopify)

    wait_until(lambda: len(shopify.app.of("orders/paid")) == 2)
    own = next(w for w in shopify.app.of("orders/paid") if w.path == "/made-by-api")
    assert own.payload == {"id": order["id"], "name": order["name"]}
    subscription = made["webhookSubscriptionCreate"]["webhookSubscription"]
    delete = "mutation ($id: ID!) { webhookSubscriptionDelete(id: $id) { userErrors { message } } }"
    shopify.data(token, delete, {"id": subscription["id"]})
    assert subscription["topic"] == "ORDERS_PAID"


def test_after_an_uninstall_only_privacy_topics_are_sent(shopify: StandIn) -> None:
    alice = shopify.alice()
    shopify.control("uninstall")
    place(shopify)
    shopify.control(f"customers/{alice['id']}/redact")
    shopify.control("shop-redact")

    wait_until(lambda: len(shopify.app.received) == 3)
    sent = {webhook.topic: webhook for webhook in shopify.app.received}
    assert set(sent) == {"app/uninstalled", "customers/redact", "shop/redact"}
    assert sent["customers/redact"].path == "/webhooks/compliance"
    assert sent["customers/redact"].payload["customer"]["email"] == "alice@example.com"
    assert sent["app/uninstalled"].payload["myshopify_domain"] is None


def test_the_received_page_lists_requests_and_deliveries(shopify: StandIn, token: str) -> None:
    shopify.data(token, "query NamedByTheTest { shop { id } }")
    place(shopify)
    wait_until(lambda: shopify.app.of("orders/paid"))

    page = requests.get(f"{shopify.url}/received", timeout=10).text

    assert "query NamedByTheTest" in page
    assert "orders/paid" in page
    assert "delivered" in page
    assert json.dumps(token) not in page
