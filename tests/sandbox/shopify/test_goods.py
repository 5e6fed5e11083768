"""Products and collections are made, changed and deleted as in Shopify, and the app is told."""

from __future__ import annotations

from typing import Any

from .stand_in import StandIn, wait_until
from .test_payloads import check


def told(shopify: StandIn, topic: str, record_id: int) -> dict[str, Any]:
    """The webhook of a topic about one product or collection, once it has come."""

    def find() -> dict[str, Any] | None:
        found = [w.payload for w in shopify.app.of(topic) if w.payload["id"] == record_id]
        return found[-1] if found else None

    payload: dict[str, Any] = wait_until(find)
    return payload


def test_each_change_of_a_product_is_told_with_the_published_shape(shopify: StandIn) -> None:
    made = shopify.control("products", {"title": "Lamp", "tags": ["Sale", "sale", "New"]})

    changed = shopify.control(f"products/{made['id']}/update", {"tags": ["Old"]})
    shopify.session.delete(f"{shopify.url}/_control/products/{made['id']}")

    check("products/create", told(shopify, "products/create", made["id"]))
    check("products/create", told(shopify, "products/update", made["id"]))
    check("products/delete", told(shopify, "products/delete", made["id"]))
    assert (made["tags"], changed["tags"]) == ("New, sale", "Old")


def test_a_collection_tells_that_it_changed_and_not_what_is_in_it(
    shopify: StandIn, token: str
) -> None:
    first, second = shopify.product(), shopify.control("products", {"title": "Mat"})["id"]
    made = shopify.control("collections", {"title": "Floor", "product_ids": [first]})

    path = f"collections/{made['id']}"
    shopify.control(f"{path}/update", {"add": [second], "remove": [first]})

    check("collections/create", told(shopify, "collections/create", made["id"]))
    payload = told(shopify, "collections/update", made["id"])
    check("collections/create", payload)
    assert not [key for key in payload if "product" in key]
    query = f'{{ collection(id: "{made["admin_graphql_api_id"]}")'
    query += " { products(first: 5) { nodes { id } } } }"
    answer = shopify.ask(token, query)
    assert answer["data"]["collection"]["products"]["nodes"] == [
        {"id": f"gid://shopify/Product/{second}"}
    ]
    shopify.session.delete(f"{shopify.url}/_control/{path}")
    check("collections/delete", told(shopify, "collections/delete", made["id"]))


def test_what_a_shop_does_not_have_cannot_be_put_together(shopify: StandIn) -> None:
    address = f"{shopify.url}/_control/collections"

    unknown = shopify.session.post(address, json={"title": "Floor", "product_ids": [1]})
    nameless = shopify.session.post(address, json={"title": " "})

    assert (unknown.status_code, nameless.status_code) == (404, 422)
