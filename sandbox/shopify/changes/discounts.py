"""Whether a code may be used by a buyer, and that it was."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from ..store.build import LineSpec, OrderSpec
from ..store.discounts import Discount
from ..store.money import ZERO, money
from ..store.orders import DiscountApplication, Order
from ..store.refunding import RefusedChange
from ..store.shop import Shop


def check_codes(shop: Shop, spec: OrderSpec, now: datetime) -> None:
    """RefusedChange unless every code of the wish may be used now by this buyer.

    A code that no discount of the shop owns is refused too: buyers cannot invent codes.
    """
    for application in spec.applications:
        if application.code is None:
            continue
        discount = shop.discount_by_code(application.code)
        if discount is None:
            raise RefusedChange(f"{application.code} is not a valid discount code")
        _check_use(discount, application.code, spec.customer_id, now)
        _check_cart(shop, discount, application.code, spec)


def application_of(discount: Discount, code: str) -> DiscountApplication:
    """What a code of the discount does to an order."""
    if discount.kind == "DiscountCodeFreeShipping":
        hundred = Decimal(100)
        return DiscountApplication(
            code, code, hundred, "percentage", "each", "all", "shipping_line"
        )
    value, items = discount.gets.get("value", {}), discount.gets.get("items", {})
    products = items.get("products") or {}
    selection = "all" if items.get("all") else "entitled"
    if "percentage" in value:
        percent = Decimal(str(value["percentage"])) * 100
        made = DiscountApplication(code, code, percent, "percentage", "across", selection)
    else:
        given = value.get("discountAmount", {})
        method = "each" if given.get("appliesOnEachItem") else "across"
        amount = money(given.get("amount", "0"))
        made = DiscountApplication(code, code, amount, "fixed_amount", method, selection)
    made.product_ids = _numbers(products.get("productsToAdd"))
    made.variant_ids = _numbers(products.get("productVariantsToAdd"))
    return made


def count_codes(shop: Shop, order: Order) -> None:
    """Note that this order used its codes."""
    for code in order.discount_codes:
        discount = shop.discount_by_code(code)
        if discount:
            discount.used_by.append(order.customer_id)
            redeemed = discount.find_code(code)
            assert redeemed is not None
            redeemed.usage_count += 1


def _check_use(discount: Discount, code: str, customer_id: int | None, now: datetime) -> None:
    if discount.status(now) != "ACTIVE":
        raise RefusedChange(f"{code} is not active")
    if discount.customer_ids and customer_id not in discount.customer_ids:
        raise RefusedChange(f"{code} is not available to this customer")
    redeemed = discount.find_code(code)
    assert redeemed is not None
    # The limit is of each code, not of all the codes of a discount together.
    if discount.usage_limit is not None and redeemed.usage_count >= discount.usage_limit:
        raise RefusedChange(f"{code} has reached its usage limit")
    if discount.applies_once_per_customer and customer_id in discount.used_by:
        raise RefusedChange(f"{code} was already used by this customer")


def _check_cart(shop: Shop, discount: Discount, code: str, spec: OrderSpec) -> None:
    """The cart must hold what the code is for, and its goods come to the minimum."""
    made = application_of(discount, code)
    if not any(_counts(shop, made, line) for line in spec.lines):
        raise RefusedChange(f"{code} isn't valid for the items in the cart")
    wanted = (discount.minimum or {}).get("subtotal") or {}
    least = Decimal(str(wanted.get("greaterThanOrEqualToSubtotal", 0)))
    # A discount on some products counts those alone.
    counted = [line for line in spec.lines if _counts(shop, made, line)]
    if sum((_price(shop, line) * line.quantity for line in counted), ZERO) < least:
        raise RefusedChange(f"{code} needs a cart of at least {least}")


def _counts(shop: Shop, made: DiscountApplication, line: LineSpec) -> bool:
    if not (made.product_ids or made.variant_ids):
        return True
    product_id, variant_id = _goods(shop, line)
    return product_id in made.product_ids or variant_id in made.variant_ids


def _price(shop: Shop, line: LineSpec) -> Decimal:
    if line.price is not None:
        return line.price
    _, variant_id = _goods(shop, line)
    variant = shop.find("ProductVariant", variant_id)
    return variant.price if variant else ZERO


def _goods(shop: Shop, line: LineSpec) -> tuple[int | None, int | None]:
    """The product and variant of a line; a product alone means its first variant."""
    variant = shop.find("ProductVariant", line.variant_id)
    product = shop.find("Product", variant.product_id if variant else line.product_id)
    if product and not variant:
        variant = shop.find("ProductVariant", product.variant_ids[0])
    return (product.id if product else None), (variant.id if variant else None)


def _numbers(gids: Any) -> list[int]:
    return [int(gid.rpartition("/")[2]) for gid in gids or ()]
