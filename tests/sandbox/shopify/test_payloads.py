"""Payloads have the shape that Shopify publishes for version 2026-07, and true amounts."""

from __future__ import annotations

import json
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from .stand_in import StandIn, wait_until

SCHEMAS = Path(__file__).parents[2] / "fixtures/shopify/schemas"


# Null at times, although the one sample that a schema was inferred from has a value.
NULLABLE = {"address2", "company", "note"}


def schema(topic: str) -> dict[str, Any]:
    """The published schema, opened where its sample could not show all."""
    name = topic.replace("/", "_")
    parsed: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    return _opened(parsed)


def _opened(node: Any) -> Any:
    """Without `items: false`, which stands for a sample's empty list, and with nulls."""
    if isinstance(node, list):
        return [_opened(item) for item in node]
    if not isinstance(node, dict):
        return node
    opened = {key: _opened(value) for key, value in node.items() if value is not False}
    for key in NULLABLE & opened.get("properties", {}).keys():
        opened["properties"][key] = {"type": ["string", "null"]}
    if isinstance(image := opened.get("properties", {}).get("image"), dict):
        image["type"] = ["object", "null"]  # as its published sample of products/update
    return opened


def check(topic: str, payload: dict[str, Any]) -> None:
    """Valid against the schema, and not a key missing of the published sample."""
    jsonschema.validate(payload, schema(topic))
    sample = json.loads((SCHEMAS / f"{topic.replace('/', '_')}.sample.json").read_text())
    assert set(sample) - set(payload) == set()


def big_order(shopify: StandIn) -> dict[str, Any]:
    """Goods, a gift card, discounts on a line and on the order, tax, shipping, a tip."""
    order: dict[str, Any] = shopify.control(
        "orders",
        {
            "customer_id": shopify.alice()["id"],
            "lines": [
                {"product_id": shopify.product(), "quantity": 3, "discount": "9.00"},
                {"title": "Made to measure", "price": "50.01"},
                {"product_id": shopify.product(gift_card=True)},
            ],
            "discounts": [{"code": "WELCOME10"}, {"title": "For the wait", "value": "3.00"}],
            "shipping": "5.90",
            "tip": "2.00",
        },
    )
    return order


def test_an_order_is_valid_and_has_every_published_key(shopify: StandIn) -> None:
    order = big_order(shopify)

    check("orders/create", order)

    assert len(order["customer"]) == 16
    assert "tags" not in order["customer"]
    lines = order["line_items"]
    sample = json.loads((SCHEMAS / "orders_create.sample.json").read_text())
    assert set(sample["line_items"][0]) - set(lines[0]) == set()
    assert [line["gift_card"] for line in lines] == [False, False, True]
    assert lines[2]["discount_allocations"] == lines[2]["tax_lines"] == []


def test_the_amounts_of_an_order_add_up(shopify: StandIn) -> None:
    order = big_order(shopify)

    lines = order["line_items"]
    gross = sum(Decimal(line["price"]) * line["quantity"] for line in lines)
    given = sum(Decimal(a["amount"]) for line in lines for a in line["discount_allocations"])
    taxes = sum(Decimal(t["price"]) for line in lines for t in line["tax_lines"])
    assert order["total_line_items_price"] == str(gross)
    assert order["total_discounts"] == str(given)
    assert order["total_tax"] == str(taxes)
    assert order["subtotal_price"] == order["current_subtotal_price"] == str(gross - given)
    total = gross - given + taxes + Decimal("5.90") + Decimal("2.00")
    assert order["total_price"] == order["current_total_price"] == str(total)
    assert order["current_total_price_set"]["shop_money"]["amount"] == str(total)
    assert (order["financial_status"], order["total_outstanding"]) == ("paid", "0.00")


def test_taxes_inside_prices_are_not_added_again(shopify: StandIn) -> None:
    order = shopify.control(
        "orders",
        {
            "lines": [{"title": "Tea", "price": "11.90"}],
            "taxes_included": True,
            "tax_rate": "0.19",
        },
    )

    assert order["line_items"][0]["tax_lines"][0]["price"] == "1.90"
    assert (order["subtotal_price"], order["total_price"]) == ("11.90", "11.90")


def test_refunds_are_valid_and_whole_lines_refund_whole_amounts(shopify: StandIn) -> None:
    order = big_order(shopify)
    line = order["line_items"][0]
    path = f"orders/{order['id']}/refunds"

    for _ in range(3):
        after = shopify.control(
            path, {"lines": [{"line_id": line["id"], "quantity": 1}], "note": "Torn"}
        )

    wait_until(lambda: len(shopify.app.of("refunds/create")) == 3)
    for webhook in shopify.app.of("refunds/create"):
        check("refunds/create", webhook.payload)
    parts = [r["refund_line_items"][0] for r in after["refunds"]]
    discount = sum(Decimal(a["amount"]) for a in line["discount_allocations"])
    net = Decimal(line["price"]) * 3 - discount
    assert sum(Decimal(str(part["subtotal"])) for part in parts) == net
    taxes = sum(Decimal(t["price"]) for t in line["tax_lines"])
    assert sum(Decimal(str(part["total_tax"])) for part in parts) == taxes
    assert after["line_items"][0]["current_quantity"] == 0
    assert after["line_items"][0]["quantity"] == 3
    assert after["financial_status"] == "partially_refunded"


def test_a_refund_of_money_alone_has_no_lines_and_leaves_the_goods(shopify: StandIn) -> None:
    order = big_order(shopify)

    after = shopify.control(f"orders/{order['id']}/refunds", {"amount": "4.50", "note": "Sorry"})

    refund = after["refunds"][0]
    assert refund["refund_line_items"] == []
    assert refund["transactions"][0]["amount"] == "4.50"
    assert refund["order_adjustments"][0]["amount"] == "-4.50"
    assert after["current_subtotal_price"] == order["current_subtotal_price"]
    check("refunds/create", refund)


def test_an_edit_tells_its_deltas_and_the_order_its_new_totals(shopify: StandIn) -> None:
    order = big_order(shopify)
    line = order["line_items"][0]

    edit = {"add": [{"title": "Extra", "price": "7.00"}], "remove": [{"line_id": line["id"]}]}
    after = shopify.control(f"orders/{order['id']}/edit", edit)

    told = wait_until(lambda: shopify.app.of("orders/edited"))[0].payload
    check("orders/edited", told)
    assert told["order_edit"]["line_items"]["removals"] == [{"id": line["id"], "delta": 1}]
    assert after["line_items"][0]["current_quantity"] == 2
    assert after["line_items"][3]["title"] == "Extra"
    assert after["current_subtotal_price"] != order["current_subtotal_price"]


def test_a_cancelled_order_keeps_its_lines_with_nothing_left(shopify: StandIn) -> None:
    order = big_order(shopify)

    after = shopify.control(f"orders/{order['id']}/cancel", {"reason": "FRAUD"})

    check("orders/create", after)
    assert (after["cancel_reason"], after["financial_status"]) == ("fraud", "refunded")
    assert after["current_total_price"] == "2.00"  # the tip is not goods
    assert {line["current_quantity"] for line in after["line_items"]} == {0}


def test_a_guest_has_no_customer_and_at_the_till_not_even_the_key(shopify: StandIn) -> None:
    line = {"title": "Tea", "price": "3.00"}
    online = shopify.control("orders", {"lines": [line]})
    till = shopify.control("orders", {"lines": [line], "source": "pos"})

    assert online["customer"] is None
    assert online["location_id"] is None
    assert "customer" not in till
    assert till["location_id"] in [p["id"] for p in shopify.get("/_control/state")["locations"]]
    assert "shipping_address" not in till


def test_customer_payloads_are_valid(shopify: StandIn) -> None:
    shopify.control(f"customers/{shopify.alice()['id']}/update", {"note": "Likes tea"})
    made = shopify.control("customers", {"email": f"{uuid.uuid4().hex}@example.com"})
    answer = shopify.session.delete(f"{shopify.url}/_control/customers/{made['id']}")

    updated = wait_until(lambda: shopify.app.of("customers/update"))[0].payload
    deleted = wait_until(lambda: shopify.app.of("customers/delete"))[0].payload
    assert answer.ok
    check("customers/create", updated)
    assert "tags" not in updated
    check("customers/delete", deleted)


@pytest.mark.parametrize(
    ("path", "topic"),
    [
        ("customers/{id}/redact", "customers/redact"),
        ("customers/{id}/data-request", "customers/data_request"),
        ("shop-redact", "shop/redact"),
        ("shop-update", "shop/update"),
        ("uninstall", "app/uninstalled"),
    ],
)
def test_payloads_of_shop_and_privacy_are_valid(shopify: StandIn, path: str, topic: str) -> None:
    shopify.control(path.format(id=shopify.alice()["id"]))

    check(topic, wait_until(lambda: shopify.app.of(topic))[0].payload)


def test_a_merge_tells_who_is_kept_and_a_failed_one_moves_nothing(shopify: StandIn) -> None:
    kept, gone = (
        shopify.control(
            "customers", {"first_name": name, "email": f"{uuid.uuid4().hex}@example.com"}
        )
        for name in ("Nora", "Noor")
    )
    order = shopify.control("orders", {"customer_id": gone["id"]})
    path = f"customers/{kept['id']}/merge"

    shopify.control(path, {"other_id": gone["id"], "failure": "A merge is in progress"})
    failed = wait_until(lambda: shopify.app.of("customers/merge"))[0].payload
    untouched = shopify.get(f"/_control/orders/{order['id']}")["customer"]["id"]
    shopify.control(path, {"other_id": gone["id"]})
    wait_until(lambda: len(shopify.app.of("customers/merge")) == 2)
    merged = shopify.app.of("customers/merge")[1].payload

    assert (failed["status"], untouched) == ("failed", gone["id"])
    assert merged["status"] == "success"
    assert merged["admin_graphql_api_customer_kept_id"] == kept["admin_graphql_api_id"]
    assert shopify.get(f"/_control/orders/{order['id']}")["customer"]["id"] == kept["id"]
