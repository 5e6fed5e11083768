"""A promise becomes a discount in Shopify, or is found there from a call whose answer was lost.

The invariant: a code is one discount's, so asking twice makes one. Never inside a transaction.
"""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from loyalty.base.errors import DiscountRefused
from loyalty.base.said import N_
from shopify_app.platform import client
from shopify_app.platform.discounts.finding import find
from shopify_app.platform.discounts.promises import Promise, make_input
from shopify_app.platform.discounts.refusals import in_words
from shopify_app.platform.errors import ShapeError, ShopifyError, UserErrors

TAKEN = {"TAKEN", "DUPLICATE", "IMPLICIT_DUPLICATE"}


class CodeTaken(Exception):
    """Another discount of the shop has this code: the promise needs a new one."""


def make(shop_id: int, promise: Promise, **patience: Any) -> str:
    """Make the promise's discount; its gid. One that is there already is found by its tag.

    Raises CodeTaken, DiscountRefused when Shopify will not make it, ShopifyError.
    """
    try:
        return _create(shop_id, promise, patience)
    except UserErrors as refusal:
        if refusal.codes == {"INTERNAL_ERROR"}:
            raise ShopifyError(str(refusal), retryable=True) from refusal
        if not refusal.codes & TAKEN:
            raise in_words(refusal) from refusal
    made = look(lambda: find_made(shop_id, promise, **patience))
    if made is None:
        # It was there a moment ago, so it is somebody else's who has just deleted it.
        raise CodeTaken(promise.code)
    return made


def find_made(shop_id: int, promise: Promise, **patience: Any) -> str | None:
    """The gid of the promise's discount if Shopify has it; raises CodeTaken, ShopifyError."""
    found = find(shop_id, promise.code, **patience)
    if found is None:
        return None
    if promise.tag not in found.tags:
        raise CodeTaken(promise.code)
    return found.gid


def look(look_up: Callable[[], str | None]) -> str | None:
    """What a look-up finds; one that cannot be made is tried later: all may have happened."""
    try:
        return look_up()
    except ShopifyError as error:
        raise ShopifyError(str(error), retryable=True) from error


def _create(shop_id: int, promise: Promise, patience: dict[str, Any]) -> str:
    if promise.terms.kind == "free_shipping":
        given = make_input(promise)
        data = client.execute(
            shop_id, "discount_code_free_shipping_create", {"discount": given}, **patience
        )
        return _gid(data.get("discountCodeFreeShippingCreate"))
    price = None
    if promise.terms.kind == "free_product":
        price = _read_price(shop_id, promise, patience)
    given = make_input(promise, product_price=price)
    data = client.execute(shop_id, "discount_code_basic_create", {"discount": given}, **patience)
    return _gid(data.get("discountCodeBasicCreate"))


def _gid(answer: Any) -> str:
    node = answer.get("codeDiscountNode") if isinstance(answer, dict) else None
    if not isinstance(node, dict) or not node.get("id"):
        raise ShapeError("codeDiscountNode")
    return str(node["id"])


def _read_price(shop_id: int, promise: Promise, patience: dict[str, Any]) -> Decimal:
    """What one unit costs now; of a product in several forms, the dearest of them."""
    terms = promise.terms
    if terms.variant_id is not None:
        gid = f"gid://shopify/ProductVariant/{terms.variant_id}"
        data = client.execute(shop_id, "variant_price", {"id": gid}, **patience)
        price = (data.get("productVariant") or {}).get("price")
    else:
        gid = f"gid://shopify/Product/{terms.product_id}"
        data = client.execute(shop_id, "product_price", {"id": gid}, **patience)
        prices = (data.get("product") or {}).get("priceRangeV2") or {}
        price = (prices.get("maxVariantPrice") or {}).get("amount")
    if price is None:
        raise DiscountRefused(N_("The shop no longer has this product"))
    try:
        found = Decimal(str(price))
    except InvalidOperation:
        raise ShapeError("price") from None
    if found <= 0:
        raise DiscountRefused(N_("The product costs nothing: there is nothing to take off"))
    return found
