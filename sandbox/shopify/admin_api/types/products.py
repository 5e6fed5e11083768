"""Product, its variants, collections and locations."""

from __future__ import annotations

from typing import Any

from ...store.records import Collection, Location, Product, Variant
from ..context import Context
from ..registry import resolves
from ..values import count, money


@resolves("Product", "variants")
def variants(product: Product, context: Context, arguments: dict[str, Any]) -> Any:
    return [context.shop.find("ProductVariant", variant_id) for variant_id in product.variant_ids]


@resolves("Product", "variantsCount")
def variants_count(product: Product, context: Context, arguments: dict[str, Any]) -> Any:
    return count(len(product.variant_ids))


@resolves("Product", "hasOnlyDefaultVariant")
def only_default(product: Product, context: Context, arguments: dict[str, Any]) -> Any:
    return len(product.variant_ids) == 1


@resolves("Product", "priceRangeV2")
def price_range(product: Product, context: Context, arguments: dict[str, Any]) -> Any:
    prices = [variant.price for variant in variants(product, context, {})]
    currency = context.shop.currency
    return {
        "minVariantPrice": money(min(prices), currency),
        "maxVariantPrice": money(max(prices), currency),
    }


@resolves("Product", "totalInventory")
def total_inventory(product: Product, context: Context, arguments: dict[str, Any]) -> Any:
    return sum(variant.inventory_quantity for variant in variants(product, context, {}))


@resolves("Product", "collections")
def product_collections(product: Product, context: Context, arguments: dict[str, Any]) -> Any:
    return [c for c in context.shop.all("Collection") if product.id in c.product_ids]


@resolves("Product", "inCollection")
def in_collection(product: Product, context: Context, arguments: dict[str, Any]) -> Any:
    collection = context.shop.find_gid(arguments["id"])
    return bool(collection) and product.id in collection.product_ids


@resolves("ProductVariant", "product")
def variant_product(variant: Variant, context: Context, arguments: dict[str, Any]) -> Any:
    return context.shop.find("Product", variant.product_id)


@resolves("ProductVariant", "displayName")
def variant_name(variant: Variant, context: Context, arguments: dict[str, Any]) -> Any:
    return f"{context.shop.find('Product', variant.product_id).title} - {variant.title}"


@resolves("ProductVariant", "availableForSale")
def available(variant: Variant, context: Context, arguments: dict[str, Any]) -> Any:
    return variant.inventory_quantity > 0


@resolves("ProductVariant", "sellableOnlineQuantity")
def sellable(variant: Variant, context: Context, arguments: dict[str, Any]) -> Any:
    return variant.inventory_quantity


@resolves("Collection", "products")
def collection_products(collection: Collection, context: Context, arguments: dict[str, Any]) -> Any:
    found = (context.shop.find("Product", product_id) for product_id in collection.product_ids)
    return [product for product in found if product]


@resolves("Collection", "productsCount")
def products_count(collection: Collection, context: Context, arguments: dict[str, Any]) -> Any:
    return count(len(collection.product_ids))


@resolves("Collection", "hasProduct")
def has_product(collection: Collection, context: Context, arguments: dict[str, Any]) -> Any:
    product = context.shop.find_gid(arguments["id"])
    return bool(product) and product.id in collection.product_ids


@resolves("Location", "address")
def location_address(location: Location, context: Context, arguments: dict[str, Any]) -> Any:
    town = f"{location.city} {location.zip}"
    return {
        "address1": location.address1,
        "address2": None,
        "city": location.city,
        "province": location.province,
        "provinceCode": location.province_code,
        "zip": location.zip,
        "country": location.country,
        "countryCode": location.country_code,
        "latitude": location.latitude,
        "longitude": location.longitude,
        "phone": location.phone,
        "formatted": [location.address1, town, location.country],
    }


@resolves("Location", "isFulfillmentService")
def is_fulfillment_service(location: Location, context: Context, arguments: dict[str, Any]) -> Any:
    return False
