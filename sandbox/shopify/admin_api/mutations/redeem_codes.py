"""Codes added to a discount, or taken away from it, in bulk: asked for now, done a while later."""

from __future__ import annotations

from typing import Any

from ...redeem_codes import add_later, delete_later
from ...store.discounts import BulkCreation, BulkCreationCode, Job
from ..context import Context
from ..errors import bad_request, refuse
from ..registry import resolves
from .discount_checks import refuse_on_demand
from .helpers import number, wanted

AT_ONCE_MAX = 250


@resolves("Mutation", "discountRedeemCodeBulkAdd")
def bulk_add(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    codes = [given["code"] for given in arguments["codes"]]
    if len(codes) > AT_ONCE_MAX:
        message = (
            f"The input array size of {len(codes)} is greater than the maximum allowed"
            f" of {AT_ONCE_MAX}."
        )
        raise bad_request(message, "MAX_INPUT_SIZE_EXCEEDED")
    refuse_on_demand(context, "codes")
    discount = wanted(context, arguments["discountId"], "DiscountCodeNode", ["discountId"])
    creation: BulkCreation = context.shop.add(
        BulkCreation(
            context.shop.next_id("DiscountRedeemCodeBulkCreation"),
            discount.id,
            context.now,
            [BulkCreationCode(code) for code in codes],
        )
    )
    add_later(context, creation)
    return {"bulkCreation": creation}


@resolves("Mutation", "discountCodeRedeemCodeBulkDelete")
def bulk_delete(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    """By ids alone; Shopify takes searches too."""
    given = [name for name in ("ids", "search", "savedSearchId") if arguments.get(name)]
    if len(given) != 1:
        raise _argument_error(given)
    if given != ["ids"]:
        raise bad_request(f"{given[0]} is not modelled by this stand-in", "NOT_MODELLED")
    refuse_on_demand(context, "ids")
    discount = wanted(context, arguments["discountId"], "DiscountCodeNode", ["discountId"])
    job: Job = context.shop.add(Job(context.shop.next_id("Job")))
    delete_later(context, discount, [number(gid) for gid in arguments["ids"]], job)
    return {"job": job}


def _argument_error(given: list[str]) -> Exception:
    if not given:
        message = "Missing expected argument key: 'ids', 'search' or 'saved_search_id'."
        return refuse(message, None, "MISSING_ARGUMENT")
    message = "Only one of 'ids', 'search' or 'saved_search_id' is allowed."
    return refuse(message, None, "TOO_MANY_ARGUMENTS")
