"""What Shopify refuses in a discount: everything that is wrong is told at once, nothing changes.

Messages and codes are those that the real API answers with.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ...store.discounts import Discount
from ..context import Context
from ..errors import UserErrors, refuse
from .helpers import moment

Error = dict[str, Any]

CODE_MAX = TITLE_MAX = TAG_MAX = 255
TAGS_MAX = 5
CUSTOMERS_MAX = 100


def check_new(context: Context, given: dict[str, Any], kind: str, argument: str) -> None:
    """UserErrors unless a discount can be made of this input."""
    refuse_on_demand(context, argument)
    errors = [
        *_missing(given, argument),
        *_code(context, given.get("code"), argument),
        *_plain(given, argument),
        *_combines(given, kind, argument),
        *(_value(context, given, argument) if kind == "DiscountCodeBasic" else ()),
        *_buyers(context, given, argument),
    ]
    if errors:
        raise UserErrors(*errors)


def check_change(context: Context, given: dict[str, Any], own: Discount, argument: str) -> None:
    """UserErrors unless the discount can be changed so."""
    refuse_on_demand(context, argument)
    errors = [*_plain(given, argument), *_combines(given, own.kind, argument)]
    if "code" in given:
        errors += _code(context, given["code"], argument, own=own)
    if "customerGets" in given and own.kind == "DiscountCodeBasic":
        errors += _value(context, given, argument)
    errors += _buyers(context, given, argument)
    if errors:
        raise UserErrors(*errors)


def code_errors(context: Context, code: str, own: Discount | None = None) -> Iterator[Error]:
    """What is wrong with a code, beside no field: a code is one discount's, whatever its case."""
    if not code:
        yield _error([], "Code is too short (minimum is 1 character)", "TOO_SHORT")
    elif "\n" in code or "\r" in code:
        yield _error([], "Code cannot contain newline characters.", "INVALID")
    elif len(code) > CODE_MAX:
        yield _error([], f"Code is too long (maximum is {CODE_MAX} characters)", "TOO_LONG")
    elif context.shop.discount_by_code(code) not in (None, own):
        yield _error([], "Code must be unique. Please try a different code.", "TAKEN")


def refuse_on_demand(context: Context, argument: str) -> None:
    """UserErrors if the control asked for a refusal: of a code, or of any one."""
    fault = context.world.faults.take("discounts", "refuse")
    if fault is not None:
        raise refuse(f"Refused on demand: {fault.code}", fault.field or [argument], fault.code)


def _missing(given: dict[str, Any], argument: str) -> Iterator[Error]:
    if not (given.get("title") or "").strip():
        yield _error([argument, "title"], "Title can't be blank", "BLANK")
    if given.get("startsAt") is None:
        yield _error([argument, "startsAt"], "Starts at can't be blank", "BLANK")
    if not given.get("context"):
        yield _error([argument, "context"], "Context can't be blank", "BLANK")


def _code(
    context: Context, code: str | None, argument: str, own: Discount | None = None
) -> Iterator[Error]:
    if code is None:
        yield _error([argument, "code"], "Code can't be blank", "BLANK")
        return
    for error in code_errors(context, code, own):
        yield {**error, "field": [argument, "code"]}


def _plain(given: dict[str, Any], argument: str) -> Iterator[Error]:
    """Title, tags, limits and times."""
    if len(given.get("title") or "") > TITLE_MAX:
        message = f"Title is too long (maximum is {TITLE_MAX} characters)"
        yield _error([argument, "title"], message, "TOO_LONG")
    limit = given.get("usageLimit")
    if limit is not None and limit < 1:
        message = "Usage limit must be greater than 0"
        yield _error([argument, "usageLimit"], message, "GREATER_THAN")
    starts_at, ends_at = moment(given.get("startsAt")), moment(given.get("endsAt"))
    if starts_at and ends_at and ends_at <= starts_at:
        message = "Ends at needs to be after starts_at"
        yield _error([argument, "endsAt"], message, "END_DATE_BEFORE_START_DATE")
    tags = given.get("tags") or []
    if len(tags) > TAGS_MAX:
        message = f"The number of tags exceeds the maximum of {TAGS_MAX}"
        yield _error([argument, "tags"], message, "TOO_MANY_TAGS")
    if any(len(tag) > TAG_MAX for tag in tags):
        message = f"Tag is too long (maximum is {TAG_MAX} characters)"
        yield _error([argument, "tags"], message, "INVALID_TAG_LENGTH")
    yield from _minimum(given.get("minimumRequirement") or {}, argument)


def _minimum(given: dict[str, Any], argument: str) -> Iterator[Error]:
    """A minimum of money or of units, not both."""
    field = [argument, "minimumRequirement"]
    subtotal = (given.get("subtotal") or {}).get("greaterThanOrEqualToSubtotal")
    if given.get("subtotal") and given.get("quantity"):
        message = "Minimum subtotal cannot be defined when minimum quantity is."
        yield _error(
            [*field, "subtotal", "greaterThanOrEqualToSubtotal"],
            message,
            "MINIMUM_SUBTOTAL_AND_QUANTITY_RANGE_BOTH_PRESENT",
        )
    if subtotal is not None and Decimal(str(subtotal)) < 0:
        message = "Minimum subtotal must be greater than or equal to 0"
        yield _error(
            [*field, "subtotal", "greaterThanOrEqualToSubtotal"],
            message,
            "GREATER_THAN_OR_EQUAL_TO",
        )


def _combines(given: dict[str, Any], kind: str, argument: str) -> Iterator[Error]:
    """Two discounts on shipping never combine."""
    wanted = given.get("combinesWith") or {}
    if kind == "DiscountCodeFreeShipping" and wanted.get("shippingDiscounts"):
        message = "The combinesWith settings are not valid for the discount class."
        yield _error(
            [argument, "combinesWith"], message, "INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS"
        )


def _value(context: Context, given: dict[str, Any], argument: str) -> Iterator[Error]:
    """An amount or a percentage must be there, be possible, and apply to something."""
    field = [argument, "customerGets"]
    gets = given.get("customerGets") or {}
    items, value = gets.get("items") or {}, gets.get("value") or {}
    if not items:
        yield _error([*field, "items"], "Items in 'customer get' must be defined", "BLANK")
    yield from _items(context, items, [*field, "items"])
    if "discountOnQuantity" in value:
        message = "discountOnQuantity field is only permitted with bxgy discounts."
        yield _error([*field, "value", "discountOnQuantity"], message, "INVALID")
    elif "percentage" in value:
        if not 0 < Decimal(str(value["percentage"])) <= 1:
            message = "Value must be between 0.0 and 1.0"
            yield _error([*field, "value", "percentage"], message, "VALUE_OUTSIDE_RANGE")
    elif value.get("discountAmount"):
        if Decimal(str(value["discountAmount"]["amount"])) <= 0:
            message = "Value must be less than 0"
            yield _error([*field, "value", "discountAmount", "amount"], message, "LESS_THAN")
    else:
        yield _error([*field, "value"], "Value can't be blank", "BLANK")


def _items(context: Context, items: dict[str, Any], field: list[str]) -> Iterator[Error]:
    """Products, variants and collections that the shop does not have are refused."""
    products = items.get("products") or {}
    kinds = (
        ("Product", products.get("productsToAdd"), ["products", "productsToAdd"]),
        ("ProductVariant", products.get("productVariantsToAdd"), ["products", "productVariants"]),
        ("Collection", (items.get("collections") or {}).get("add"), ["collections", "add"]),
    )
    for typename, gids, place in kinds:
        for gid in gids or ():
            found = context.shop.find_gid(gid)
            if found is None or found.typename != typename:
                label = {"ProductVariant": "Product variant"}.get(typename, typename)
                message = f"{label} with id: {gid.rpartition('/')[2]} is invalid"
                yield _error([*field, *place], message, "INVALID")


def _buyers(context: Context, given: dict[str, Any], argument: str) -> Iterator[Error]:
    """Each buyer named must be a customer of the shop."""
    chosen = (given.get("context") or {}).get("customers")
    if chosen is None:
        return
    field = [argument, "context", "customers", "add"]
    gids = chosen.get("add") or []
    if len(gids) > CUSTOMERS_MAX:
        yield _error(field, f"Customers can't exceed {CUSTOMERS_MAX}", "EXCEEDED_MAX")
    found = [context.shop.find_gid(gid) for gid in gids]
    if not gids or any(one is None or one.typename != "Customer" for one in found):
        yield _error(field, "Customer is invalid", "INVALID")


def _error(field: list[str], message: str, code: str) -> Error:
    return {"field": field, "message": message, "code": code, "extraInfo": None}
