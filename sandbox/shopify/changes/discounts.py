"""Whether a code may be used by a buyer, and that it was."""

from __future__ import annotations

from datetime import datetime

from ..store.build import OrderSpec
from ..store.discounts import Discount
from ..store.orders import Order
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
    if discount.usage_limit is not None and len(discount.used_by) >= discount.usage_limit:
        raise RefusedChange(f"{code} has reached its usage limit")
    if discount.applies_once_per_customer and customer_id in discount.used_by:
        raise RefusedChange(f"{code} was already used by this customer")
