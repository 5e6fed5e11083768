"""Products and collections in a webhook: neither tells which product is in which collection."""

import hashlib
import json
from typing import Any

from loyalty.catalogue.facts import CollectionFacts, ProductFacts
from shopify_app.platform.payloads.reading import moment, objects_at, own_id, text_or_none

# What a collection's rules may ask of a product and of its variants.
_OF_PRODUCT = ("title", "product_type", "vendor", "status", "tags")
_OF_VARIANT = ("id", "title", "price", "compare_at_price", "weight", "grams")


def read_product(payload: dict[str, Any]) -> ProductFacts:
    """The facts of a product; its collections are unknown here."""
    tags = text_or_none(payload, "tags") or ""
    return ProductFacts(
        product_id=own_id(payload, "product"),
        title=text_or_none(payload, "title") or "",
        tags=frozenset(tag for part in tags.split(",") if (tag := part.strip())),
        digest=_digest(payload),
        updated_at=moment(payload, "updated_at"),
    )


def read_collection(payload: dict[str, Any]) -> CollectionFacts:
    """The facts of a collection; its products are unknown here."""
    return CollectionFacts(
        collection_id=own_id(payload, "collection"),
        title=text_or_none(payload, "title") or "",
        updated_at=moment(payload, "updated_at"),
    )


def _digest(payload: dict[str, Any]) -> bytes:
    """Another for each change that may move the product between collections.

    Shopify tells of every product that is ordered: of stock, only whether there is any counts.
    """
    told = [payload.get(key) for key in _OF_PRODUCT]
    variants = [
        [variant.get(key) for key in _OF_VARIANT] + [_is_in_stock(variant)]
        for variant in objects_at(payload, "variants")
    ]
    return hashlib.sha256(json.dumps([told, variants], sort_keys=True).encode()).digest()


def _is_in_stock(variant: dict[str, Any]) -> bool:
    quantity = variant.get("inventory_quantity")
    return isinstance(quantity, int) and quantity > 0
