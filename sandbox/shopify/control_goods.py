"""Control of products and collections: make, change, put together, delete."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from .changes import goods as changes
from .control_request import body, named_shop
from .store.shop import Shop
from .webhooks.goods_payloads import collection_payload, product_payload
from .world import World


def goods_routes(pages: Blueprint, world: World) -> None:
    """`POST /products` and `/collections`, then `/<id>/update` and DELETE of either."""
    _product_routes(pages, world)
    _collection_routes(pages, world)


def _product_routes(pages: Blueprint, world: World) -> None:
    @pages.post("/products")
    def create_product() -> Response:
        with world.lock:
            shop = named_shop(world)
            return jsonify(product_payload(shop, changes.create_product(world, shop, _wanted())))

    @pages.post("/products/<int:product_id>/update")
    def update_product(product_id: int) -> Response:
        with world.lock:
            shop = named_shop(world)
            product = _found(shop, "Product", product_id)
            changes.update_product(world, shop, product, _wanted())
            return jsonify(product_payload(shop, product))

    @pages.delete("/products/<int:product_id>")
    def delete_product(product_id: int) -> Response:
        with world.lock:
            shop = named_shop(world)
            changes.delete_product(world, shop, _found(shop, "Product", product_id))
            return jsonify({"id": product_id})


def _collection_routes(pages: Blueprint, world: World) -> None:
    @pages.post("/collections")
    def create_collection() -> Response:
        with world.lock:
            shop = named_shop(world)
            made = changes.create_collection(world, shop, _wanted())
            return jsonify(collection_payload(shop, made))

    @pages.post("/collections/<int:collection_id>/update")
    def update_collection(collection_id: int) -> Response:
        with world.lock:
            shop = named_shop(world)
            collection = _found(shop, "Collection", collection_id)
            changes.update_collection(world, shop, collection, _wanted())
            return jsonify(collection_payload(shop, collection))

    @pages.delete("/collections/<int:collection_id>")
    def delete_collection(collection_id: int) -> Response:
        with world.lock:
            shop = named_shop(world)
            changes.delete_collection(world, shop, _found(shop, "Collection", collection_id))
            return jsonify({"id": collection_id})


def _wanted() -> dict[str, object]:
    return {key: value for key, value in body().items() if key != "shop"}


def _found(shop: Shop, typename: str, record_id: int) -> Any:
    record = shop.find(typename, record_id)
    if record is None:
        raise LookupError(f"{typename} {record_id}")
    return record
