"""Mutations of code discounts. A code belongs to one discount of the shop, whatever its case."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ...store.discounts import Discount, RedeemCode
from ..context import Context
from ..errors import not_modelled, refuse
from ..registry import resolves
from .helpers import moment, number, wanted


@resolves("Mutation", "discountCodeBasicCreate")
def basic_create(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    given = arguments["basicCodeDiscount"]
    _check_value(given)
    return _create(context, given, "DiscountCodeBasic", "basicCodeDiscount")


@resolves("Mutation", "discountCodeFreeShippingCreate")
def free_shipping_create(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    given = arguments["freeShippingCodeDiscount"]
    return _create(context, given, "DiscountCodeFreeShipping", "freeShippingCodeDiscount")


@resolves("Mutation", "discountCodeBasicUpdate")
def basic_update(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    discount = wanted(context, arguments["id"], "DiscountCodeNode")
    given = arguments["basicCodeDiscount"]
    if "code" in given:
        _check_code(context, given["code"], "basicCodeDiscount", own=discount)
        discount.codes[0].code = given["code"]
    _assign(context, discount, given)
    return {"codeDiscountNode": discount}


@resolves("Mutation", "discountCodeDeactivate")
def deactivate(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    """End the discount now; every code of it ends with it."""
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
    for key in ("title", "code", "startsAt"):
        if not given.get(key):
            raise refuse(f"{key} can't be blank", [argument, key], "BLANK")
    if not given.get("context"):
        raise refuse("Context can't be blank", [argument, "context"], "BLANK")
    _check_code(context, given["code"], argument)
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
    """Take the given fields over; all is checked before anything changes."""
    starts_at = moment(given.get("startsAt")) or discount.starts_at
    ends_at = moment(given["endsAt"]) if "endsAt" in given else discount.ends_at
    if ends_at and ends_at <= starts_at:
        message = "Ends at needs to be after starts_at"
        raise refuse(message, ["endsAt"], "END_DATE_BEFORE_START_DATE")
    limit = given.get("usageLimit", discount.usage_limit)
    if limit is not None and limit < 1:
        raise refuse("Usage limit must be greater than 0", ["usageLimit"], "GREATER_THAN")
    if "context" in given:
        discount.customer_ids = _customers(context, given["context"])
    discount.starts_at, discount.ends_at, discount.usage_limit = starts_at, ends_at, limit
    discount.title = given.get("title", discount.title)
    once = given.get("appliesOncePerCustomer", discount.applies_once_per_customer)
    discount.applies_once_per_customer = bool(once)
    discount.gets = given.get("customerGets", discount.gets)
    discount.minimum = given.get("minimumRequirement", discount.minimum)
    discount.combines_with = given.get("combinesWith", discount.combines_with)
    discount.tags = given.get("tags", discount.tags)
    discount.updated_at = context.now


def _customers(context: Context, given: dict[str, Any]) -> list[int]:
    """The buyers a discount is for; none means all."""
    if "all" in given:
        return []
    if "customers" not in given:
        raise not_modelled(f"discount context {', '.join(given)}")
    ids = [number(gid) for gid in given["customers"].get("add", [])]
    if not ids or any(context.shop.find("Customer", found) is None for found in ids):
        raise refuse("Customer is invalid", ["context", "customers", "add"], "INVALID")
    return [found for found in ids if found is not None]


def _check_code(context: Context, code: str, argument: str, own: Discount | None = None) -> None:
    if context.shop.discount_by_code(code) not in (None, own):
        message = "Code must be unique. Please try a different code."
        raise refuse(message, [argument, "code"], "TAKEN")
    if len(code) > 255:
        raise refuse("Code is too long (maximum is 255 characters)", [argument, "code"], "TOO_LONG")


def _check_value(given: dict[str, Any]) -> None:
    """An amount or a percentage must be there, and be possible."""
    field = ["basicCodeDiscount", "customerGets"]
    gets = given.get("customerGets") or {}
    value = gets.get("value") or {}
    if not gets.get("items"):
        raise refuse("Items in 'customer get' must be defined", [*field, "items"], "BLANK")
    if "percentage" in value:
        if not 0 < Decimal(str(value["percentage"])) <= 1:
            message = "Value must be between 0.0 and 1.0"
            raise refuse(message, [*field, "value", "percentage"], "VALUE_OUTSIDE_RANGE")
    elif value.get("discountAmount"):
        if Decimal(str(value["discountAmount"]["amount"])) <= 0:
            message = "Value must be less than 0"
            raise refuse(message, [*field, "value", "discountAmount", "amount"], "LESS_THAN")
    else:
        raise refuse("Value can't be blank", [*field, "value"], "BLANK")
