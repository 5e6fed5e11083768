"""REST payloads of products and collections, version 2026-07: neither tells which is in which."""

from __future__ import annotations

from typing import Any

from ..clock import rest_time
from ..store.records import Collection, Product, Variant
from ..store.shop import Shop
from .payload_money import price


def product_payload(shop: Shop, product: Product) -> dict[str, Any]:
    """products/create and update: tags in one text, no collections."""
    variants = [shop.find("ProductVariant", variant_id) for variant_id in product.variant_ids]
    created = rest_time(product.created_at, shop.timezone)
    return {
        "id": product.id,
        "admin_graphql_api_id": product.gid,
        "title": product.title,
        "handle": product.handle,
        "body_html": "",
        "vendor": product.vendor,
        "product_type": product.product_type,
        "status": product.status.lower(),
        "tags": ", ".join(sorted(product.tags)),
        "created_at": created,
        "published_at": created,
        "updated_at": rest_time(product.updated_at, shop.timezone),
        "published_scope": "web",
        "template_suffix": None,
        "category": None,
        "image": None,
        "images": [],
        "media": [],
        "options": [],
        "variants": [_variant(shop, variant) for variant in variants],
        "variant_gids": [
            {
                "admin_graphql_api_id": variant.gid,
                "updated_at": rest_time(variant.updated_at, shop.timezone),
            }
            for variant in variants
        ],
        "has_variants_that_requires_components": False,
    }


def deleted_product(product: Product) -> dict[str, Any]:
    """products/delete: the id alone."""
    return {"id": product.id}


def collection_payload(shop: Shop, collection: Collection) -> dict[str, Any]:
    """collections/create and update: no products."""
    updated = rest_time(collection.updated_at, shop.timezone)
    return {
        "id": collection.id,
        "admin_graphql_api_id": collection.gid,
        "handle": collection.handle,
        "title": collection.title,
        "updated_at": updated,
        "body_html": "",
        "published_at": updated,
        "sort_order": "best-selling",
        "template_suffix": None,
        "published_scope": "web",
    }


def deleted_collection(collection: Collection) -> dict[str, Any]:
    """collections/delete."""
    return {
        "id": collection.id,
        "published_scope": "web",
        "admin_graphql_api_id": collection.gid,
    }


def _variant(shop: Shop, variant: Variant) -> dict[str, Any]:
    return {
        "id": variant.id,
        "admin_graphql_api_id": variant.gid,
        "product_id": variant.product_id,
        "title": variant.title,
        "price": price(variant.price),
        "compare_at_price": None,
        "sku": variant.sku,
        "barcode": None,
        "position": variant.position,
        "taxable": variant.taxable,
        "inventory_policy": "deny",
        "inventory_item_id": variant.id + 1,
        "inventory_quantity": variant.inventory_quantity,
        "old_inventory_quantity": variant.inventory_quantity,
        "image_id": None,
        "option1": variant.title,
        "option2": None,
        "option3": None,
        "created_at": rest_time(variant.created_at, shop.timezone),
        "updated_at": rest_time(variant.updated_at, shop.timezone),
    }
