"""Discounts and metafields."""

from __future__ import annotations

import json
from typing import Any

from ...store.discounts import Discount, Metafield
from ..context import Context
from ..registry import bind, resolves
from ..values import count, money

OWNERS = ("Customer", "Order", "Product", "ProductVariant", "Collection", "Location", "Shop")


class _Inside:
    """The discount itself, inside its node: another type, and no id of its own."""

    def __init__(self, discount: Discount) -> None:
        self.discount, self.typename = discount, discount.kind


@resolves("DiscountCodeNode", "codeDiscount")
def code_discount(discount: Discount, context: Context, arguments: dict[str, Any]) -> Any:
    return _Inside(discount)


@resolves("DiscountNode", "discount")
def node_discount(discount: Discount, context: Context, arguments: dict[str, Any]) -> Any:
    return _Inside(discount)


def _register(kind: str) -> None:
    """The fields that both kinds of code discounts have."""
    plain = [
        "title",
        "starts_at",
        "ends_at",
        "created_at",
        "updated_at",
        "usage_limit",
        "applies_once_per_customer",
        "tags",
    ]
    for attribute in plain:
        head, *rest = attribute.split("_")
        name = head + "".join(part.capitalize() for part in rest)
        resolves(kind, name)(bind(lambda s, c, a, key: getattr(s.discount, key), key=attribute))
    resolves(kind, "status")(lambda s, c, a: s.discount.status(c.now))
    resolves(kind, "asyncUsageCount")(lambda s, c, a: len(s.discount.used_by))
    resolves(kind, "codes")(lambda s, c, a: list(s.discount.codes))
    resolves(kind, "codesCount")(lambda s, c, a: count(len(s.discount.codes)))
    resolves(kind, "combinesWith")(lambda s, c, a: _combines(s.discount))
    resolves(kind, "context")(lambda s, c, a: _buyers(s.discount, c))
    resolves(kind, "minimumRequirement")(lambda s, c, a: _minimum(s.discount, c))
    resolves(kind, "summary", "shortSummary")(lambda s, c, a: s.discount.title)
    resolves(kind, "hasTimelineComment")(lambda s, c, a: False)


_register("DiscountCodeBasic")
_register("DiscountCodeFreeShipping")


@resolves("DiscountCodeBasic", "customerGets")
def customer_gets(source: _Inside, context: Context, arguments: dict[str, Any]) -> Any:
    wanted = source.discount.gets
    value, items = wanted.get("value", {}), wanted.get("items", {})
    if "percentage" in value:
        given = {"__typename": "DiscountPercentage", "percentage": float(value["percentage"])}
    else:
        amount = value.get("discountAmount", {})
        given = {
            "__typename": "DiscountAmount",
            "amount": money(amount.get("amount", "0"), context.shop.currency),
            "appliesOnEachItem": bool(amount.get("appliesOnEachItem")),
        }
    return {
        "value": given,
        "items": _items(items, context),
        "appliesOnOneTimePurchase": True,
        "appliesOnSubscription": False,
    }


@resolves("DiscountCodeBasic", "discountClasses")
def discount_classes(source: _Inside, context: Context, arguments: dict[str, Any]) -> Any:
    return ["ORDER"] if source.discount.gets.get("items", {}).get("all") else ["PRODUCT"]


def _metafield(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    namespace = context.namespace(arguments.get("namespace"))
    return context.shop.metafield(source.gid, namespace, arguments["key"])


def _metafields(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    fields = context.shop.metafields_of(source.gid)
    if arguments.get("namespace"):
        namespace = context.namespace(arguments["namespace"])
        fields = [m for m in fields if m.namespace == namespace]
    if arguments.get("keys"):
        keys = [key.rpartition(".")[2] for key in arguments["keys"]]
        fields = [m for m in fields if m.key in keys]
    return fields


for _owner in OWNERS:
    resolves(_owner, "metafield")(_metafield)
    resolves(_owner, "metafields")(_metafields)


@resolves("Metafield", "owner")
def metafield_owner(metafield: Metafield, context: Context, arguments: dict[str, Any]) -> Any:
    return context.shop.find_gid(metafield.owner_gid)


@resolves("Metafield", "ownerType")
def owner_type(metafield: Metafield, context: Context, arguments: dict[str, Any]) -> Any:
    typename = metafield.owner_gid.split("/")[-2]
    return {"ProductVariant": "PRODUCTVARIANT"}.get(typename, typename.upper())


@resolves("Metafield", "jsonValue")
def json_value(metafield: Metafield, context: Context, arguments: dict[str, Any]) -> Any:
    if metafield.type.startswith(("json", "number_", "boolean", "list.")):
        return json.loads(metafield.value)
    return metafield.value


@resolves("Metafield", "sizeInBytes")
def size_in_bytes(metafield: Metafield, context: Context, arguments: dict[str, Any]) -> Any:
    return len(metafield.value.encode())


def _combines(discount: Discount) -> dict[str, bool]:
    names = ("orderDiscounts", "productDiscounts", "shippingDiscounts")
    return {name: bool(discount.combines_with.get(name)) for name in names}


def _buyers(discount: Discount, context: Context) -> dict[str, Any]:
    if not discount.customer_ids:
        return {"__typename": "DiscountBuyerSelectionAll", "all": "ALL"}
    customers = [
        context.shop.find("Customer", customer_id) for customer_id in discount.customer_ids
    ]
    return {"__typename": "DiscountCustomers", "customers": [c for c in customers if c]}


def _minimum(discount: Discount, context: Context) -> dict[str, Any] | None:
    wanted = discount.minimum or {}
    if wanted.get("subtotal"):
        amount = wanted["subtotal"]["greaterThanOrEqualToSubtotal"]
        return {
            "__typename": "DiscountMinimumSubtotal",
            "greaterThanOrEqualToSubtotal": money(amount, context.shop.currency),
        }
    if wanted.get("quantity"):
        quantity = wanted["quantity"]["greaterThanOrEqualToQuantity"]
        return {"__typename": "DiscountMinimumQuantity", "greaterThanOrEqualToQuantity": quantity}
    return None


def _items(items: dict[str, Any], context: Context) -> dict[str, Any]:
    if items.get("all"):
        return {"__typename": "AllDiscountItems", "allItems": True}
    if items.get("products"):
        gids = items["products"].get("productsToAdd", [])
        products = [context.shop.find_gid(gid) for gid in gids]
        return {"__typename": "DiscountProducts", "products": [p for p in products if p]}
    gids = items.get("collections", {}).get("add", [])
    collections = [context.shop.find_gid(gid) for gid in gids]
    return {"__typename": "DiscountCollections", "collections": [c for c in collections if c]}
