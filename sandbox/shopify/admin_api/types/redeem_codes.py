"""Codes of a discount, and the bulk creations that make them."""

from __future__ import annotations

from typing import Any

from ...store.discounts import BulkCreation, BulkCreationCode
from ..context import Context
from ..registry import resolves


@resolves("DiscountRedeemCode", "asyncUsageCount")
def code_usage(code: Any, context: Context, arguments: dict[str, Any]) -> Any:
    return code.usage_count


@resolves("DiscountRedeemCodeBulkCreation", "codes")
def creation_codes(creation: BulkCreation, context: Context, arguments: dict[str, Any]) -> Any:
    return list(creation.wanted)


@resolves("DiscountRedeemCodeBulkCreation", "codesCount")
def codes_count(creation: BulkCreation, context: Context, arguments: dict[str, Any]) -> Any:
    return len(creation.wanted)


@resolves("DiscountRedeemCodeBulkCreation", "importedCount")
def imported_count(creation: BulkCreation, context: Context, arguments: dict[str, Any]) -> Any:
    return sum(wanted.redeem_code is not None for wanted in creation.wanted)


@resolves("DiscountRedeemCodeBulkCreation", "failedCount")
def failed_count(creation: BulkCreation, context: Context, arguments: dict[str, Any]) -> Any:
    return sum(bool(wanted.errors) for wanted in creation.wanted)


@resolves("DiscountRedeemCodeBulkCreation", "discountCode")
def creation_discount(creation: BulkCreation, context: Context, arguments: dict[str, Any]) -> Any:
    return context.shop.find("DiscountCodeNode", creation.discount_id)


@resolves("DiscountRedeemCodeBulkCreationCode", "discountRedeemCode")
def created_code(wanted: BulkCreationCode, context: Context, arguments: dict[str, Any]) -> Any:
    return wanted.redeem_code


@resolves("QueryRoot", "job")
def job(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    """Jobs that are not kept were done the moment they were asked for."""
    found = context.shop.find_gid(arguments["id"])
    return found or {"__typename": "Job", "id": arguments["id"], "done": True}
