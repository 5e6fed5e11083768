"""Mutations of code discounts. A code belongs to one discount of the shop, whatever its case."""

from __future__ import annotations

from typing import Any

from ...store.discounts import Discount, RedeemCode
from ..context import Context
from ..errors import not_modelled
from ..registry import resolves
from .discount_checks import check_change, check_new, refuse_on_demand
from .helpers import moment, number, wanted


@resolves("Mutation", "discountCodeBasicCreate")
def basic_create(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    given = arguments["basicCodeDiscount"]
    return _create(context, given, "DiscountCodeBasic", "basicCodeDiscount")


@resolves("Mutation", "discountCodeFreeShippingCreate")
def free_shipping_create(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    given = arguments["freeShippingCodeDiscount"]
    return _create(context, given, "DiscountCodeFreeShipping", "freeShippingCodeDiscount")


@resolves("Mutation", "discountCodeBasicUpdate")
def basic_update(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    discount = wanted(context, arguments["id"], "DiscountCodeNode")
    given = arguments["basicCodeDiscount"]
    check_change(context, given, discount, "basicCodeDiscount")
    if "code" in given:
        discount.codes[0].code = given["code"]
    _assign(context, discount, given)
    return {"codeDiscountNode": discount}


@resolves("Mutation", "discountCodeDeactivate")
def deactivate(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    """End the discount now; every code of it ends with it."""
    refuse_on_demand(context, "id")
    discount = wanted(context, arguments["id"], "DiscountCodeNode")
    discount.ends_at = discount.updated_at = context.now
    return {"codeDiscountNode": discount}


@resolves("Mutation", "discountCodeActivate")
def activate(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    discount = wanted(context, arguments["id"], "DiscountCodeNode")
    discount.starts_at, discount.ends_at = min(discount.starts_at, context.now), None
    discount.updated_at = context.now
    return {"codeDiscountNode": discount}


@resolves("Mutation", "discountCodeDelete")
def delete(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    discount = wanted(context, arguments["id"], "DiscountCodeNode")
    context.shop.remove(discount)
    return {"deletedCodeDiscountId": arguments["id"]}


def _create(context: Context, given: dict[str, Any], kind: str, argument: str) -> Any:
    check_new(context, given, kind, argument)
    starts_at = moment(given["startsAt"])
    assert starts_at is not None
    shop, now = context.shop, context.now
    discount = Discount(
        shop.next_id("DiscountCodeNode"), kind, given["title"], starts_at, None, now, now
    )
    _assign(context, discount, given)
    discount.codes.append(RedeemCode(shop.next_id("DiscountRedeemCode"), given["code"]))
    shop.add(discount)
    return {"codeDiscountNode": discount}


def _assign(context: Context, discount: Discount, given: dict[str, Any]) -> None:
    """Take the given fields over, which were checked."""
    if "context" in given:
        discount.customer_ids = _customers(given["context"])
    discount.starts_at = moment(given.get("startsAt")) or discount.starts_at
    if "endsAt" in given:
        discount.ends_at = moment(given["endsAt"])
    discount.usage_limit = given.get("usageLimit", discount.usage_limit)
    discount.title = given.get("title", discount.title)
    once = given.get("appliesOncePerCustomer", discount.applies_once_per_customer)
    discount.applies_once_per_customer = bool(once)
    discount.gets = given.get("customerGets", discount.gets)
    discount.minimum = given.get("minimumRequirement", discount.minimum)
    discount.combines_with = given.get("combinesWith", discount.combines_with)
    discount.tags = given.get("tags", discount.tags)
    discount.updated_at = context.now


def _customers(given: dict[str, Any]) -> list[int]:
    """The buyers a discount is for; none means all."""
    if "all" in given:
        return []
    if "customers" not in given:
        raise not_modelled(f"discount context {', '.join(given)}")
    return [found for gid in given["customers"]["add"] if (found := number(gid)) is not None]
