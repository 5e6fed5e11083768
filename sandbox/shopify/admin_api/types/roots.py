"""The query root: records by id, by identifier, and all of a kind."""

from __future__ import annotations

from typing import Any

from ...settings import API_VERSION
from ..access import check_access
from ..context import Context
from ..errors import bad_request, not_modelled
from ..filters import matcher
from ..registry import bind, resolves
from ..values import count
from .shops import installation, version

_BY_ID = {
    "customer": "Customer",
    "order": "Order",
    "product": "Product",
    "productVariant": "ProductVariant",
    "collection": "Collection",
    "location": "Location",
    "codeDiscountNode": "DiscountCodeNode",
    "discountNode": "DiscountCodeNode",
    "bulkOperation": "BulkOperation",
    "discountRedeemCodeBulkCreation": "DiscountRedeemCodeBulkCreation",
    "storeCreditAccount": "StoreCreditAccount",
    "refund": "Refund",
    "webhookSubscription": "WebhookSubscription",
}
_ALL = {
    "customers": "Customer",
    "products": "Product",
    "productVariants": "ProductVariant",
    "collections": "Collection",
    "discountNodes": "DiscountCodeNode",
    "bulkOperations": "BulkOperation",
}
_COUNTS = {
    "customersCount": "Customer",
    "ordersCount": "Order",
    "productsCount": "Product",
    "locationsCount": "Location",
}


def record(context: Context, gid: str) -> Any:
    """The record that a gid names, as far as the token may see it."""
    if not gid.startswith("gid://shopify/"):
        raise bad_request(f"Invalid global id '{gid}'", "INVALID_ID")
    typename, _, number = gid.removeprefix("gid://shopify/").partition("/")
    if typename == "Refund":
        return next((r for r in context.shop.refunds() if str(r.id) == number), None)
    if typename == "LineItem":
        orders = context.visible_orders()
        return next((x for order in orders for x in order.lines if str(x.id) == number), None)
    found = context.shop.find_gid(gid)
    if typename == "Order" and found and not context.sees(found):
        return None
    return found


def _register() -> None:
    """Roots that follow from a type's name."""
    for field, typename in _BY_ID.items():
        resolves("QueryRoot", field)(
            bind(lambda s, c, a, kind: _one(c, a.get("id"), kind), kind=typename)
        )
    for field, typename in _ALL.items():
        resolves("QueryRoot", field)(bind(lambda s, c, a, kind: c.shop.all(kind), kind=typename))
    for field, typename in _COUNTS.items():
        resolves("QueryRoot", field)(bind(lambda s, c, a, kind: _count(c, a, kind), kind=typename))


def _one(context: Context, gid: str | None, typename: str) -> Any:
    if gid is None:  # `location` without an id is the primary one
        return context.shop.all("Location")[0]
    found = record(context, gid)
    return found if found is not None and found.typename == typename else None


def _count(context: Context, arguments: dict[str, Any], typename: str) -> Any:
    records = context.visible_orders() if typename == "Order" else context.shop.all(typename)
    check_access(context, "QueryRoot", f"{typename.lower()}s", typename)
    if arguments.get("query"):
        matches = matcher(typename, arguments["query"], context)
        records = [found for found in records if matches(found)]
    return count(len(records), arguments.get("limit", 10_000))


_register()


@resolves("QueryRoot", "shop")
def shop(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    return context.shop


@resolves("QueryRoot", "currentAppInstallation")
def current_installation(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    return installation(context)


@resolves("QueryRoot", "app")
def app(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    return installation(context)["app"]


@resolves("QueryRoot", "publicApiVersions")
def api_versions(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    return [version(handle) for handle in ("2026-01", "2026-04", "2026-07", API_VERSION)]


@resolves("QueryRoot", "node")
def node(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    found = record(context, arguments["id"])
    if found is not None:
        check_access(context, "QueryRoot", "node", found.typename)
    return found


@resolves("QueryRoot", "nodes")
def nodes(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    return [node(source, context, {"id": gid}) for gid in arguments["ids"]]


@resolves("QueryRoot", "customerByIdentifier")
def customer_by_identifier(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    identifier = arguments["identifier"]
    if "id" in identifier:
        return _one(context, identifier["id"], "Customer")
    if "emailAddress" in identifier:
        return context.shop.customer_by(email=identifier["emailAddress"])
    if "phoneNumber" in identifier:
        return context.shop.customer_by(phone=identifier["phoneNumber"])
    raise not_modelled("customerByIdentifier by customId")


@resolves("QueryRoot", "orders")
def orders(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    return context.visible_orders()


@resolves("QueryRoot", "orderByIdentifier")
def order_by_identifier(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    if "id" in arguments["identifier"]:
        return _one(context, arguments["identifier"]["id"], "Order")
    raise not_modelled("orderByIdentifier by customId")


@resolves("QueryRoot", "locations")
def locations(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    found = context.shop.all("Location")
    if arguments.get("includeInactive"):
        return found
    return [location for location in found if location.is_active]


@resolves("QueryRoot", "codeDiscountNodeByCode")
def discount_by_code(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    return context.shop.discount_by_code(arguments["code"])


@resolves("QueryRoot", "webhookSubscriptions")
def webhook_subscriptions(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    found = context.shop.all("WebhookSubscription")
    wanted = arguments.get("topics")
    if wanted:
        names = [topic.lower() for topic in wanted]
        found = [s for s in found if s.topic.replace("/", "_").replace(".", "_") in names]
    return found
