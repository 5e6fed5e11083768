"""What happens to a shop's products and collections: made, changed, put together, deleted."""

from __future__ import annotations

from typing import Any

from ..clock import utc_now
from ..store.money import money
from ..store.records import Collection, Product, Variant
from ..store.refunding import RefusedChange
from ..store.shop import Shop
from ..webhooks.goods_payloads import (
    collection_payload,
    deleted_collection,
    deleted_product,
    product_payload,
)
from ..world import World

TAGS_MAX = 250


def create_product(world: World, shop: Shop, wanted: dict[str, Any]) -> Product:
    """A new product with one variant."""
    title, now = _title(wanted), utc_now()
    product = Product(shop.next_id("Product"), title, _handle(title), shop.name, "", now, now)
    variant = Variant(
        shop.next_id("ProductVariant"),
        product.id,
        "Default Title",
        f"SKU-{product.id % 1000:03d}",
        money(wanted.get("price", "10.00")),
        now,
        now,
    )
    _tag(product, wanted)
    shop.add(product)
    shop.add(variant)
    product.variant_ids.append(variant.id)
    world.emitter.emit(shop, ("products/create", product_payload(shop, product)))
    return product


def update_product(world: World, shop: Shop, product: Product, wanted: dict[str, Any]) -> None:
    """Change its title or its tags."""
    if "title" in wanted:
        product.title = _title(wanted)
    _tag(product, wanted)
    product.updated_at = utc_now()
    world.emitter.emit(shop, ("products/update", product_payload(shop, product)))


def delete_product(world: World, shop: Shop, product: Product) -> None:
    """Remove it, out of its collections too, which are not told of. Orders keep their lines."""
    for collection in shop.all("Collection"):
        if product.id in collection.product_ids:
            collection.product_ids.remove(product.id)
    shop.remove(product)
    world.emitter.emit(shop, ("products/delete", deleted_product(product)))


def create_collection(world: World, shop: Shop, wanted: dict[str, Any]) -> Collection:
    """A new hand-picked collection of the named products."""
    title = _title(wanted)
    made = Collection(shop.next_id("Collection"), title, _handle(title), utc_now())
    made.product_ids = [_product_id(shop, one) for one in wanted.get("product_ids", [])]
    shop.add(made)
    world.emitter.emit(shop, ("collections/create", collection_payload(shop, made)))
    return made


def update_collection(
    world: World, shop: Shop, collection: Collection, wanted: dict[str, Any]
) -> None:
    """Change its title, put products in (`add`) or take them out (`remove`): told once."""
    if "title" in wanted:
        collection.title = _title(wanted)
    gone = set(wanted.get("remove", []))
    kept = [one for one in collection.product_ids if one not in gone]
    added = [_product_id(shop, one) for one in wanted.get("add", []) if one not in kept]
    collection.product_ids = kept + added
    collection.updated_at = utc_now()
    world.emitter.emit(shop, ("collections/update", collection_payload(shop, collection)))


def delete_collection(world: World, shop: Shop, collection: Collection) -> None:
    """Remove it; its products stay, and nobody tells of them."""
    shop.remove(collection)
    world.emitter.emit(shop, ("collections/delete", deleted_collection(collection)))


def _title(wanted: dict[str, Any]) -> str:
    title = str(wanted.get("title") or "").strip()
    if not title:
        raise RefusedChange("Title can't be blank", ["title"])
    return title


def _handle(title: str) -> str:
    return title.lower().replace(",", "").replace(" ", "-")


def _tag(product: Product, wanted: dict[str, Any]) -> None:
    """Give it these tags: of those that differ by case alone Shopify keeps one."""
    if "tags" not in wanted:
        return
    tags = {str(tag).strip().lower(): str(tag).strip() for tag in wanted["tags"]}
    if len(tags) > TAGS_MAX:
        raise RefusedChange(f"Tags can't be more than {TAGS_MAX}", ["tags"])
    product.tags = [tag for tag in tags.values() if tag]


def _product_id(shop: Shop, product_id: int) -> int:
    if shop.find("Product", product_id) is None:
        raise LookupError(f"product {product_id}")
    return product_id
