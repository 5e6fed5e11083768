"""What the resolvers of orders, lines and refunds share."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ...store.orders import DiscountApplication, Order, OrderLine
from ..context import Context
from ..registry import bind, resolves
from ..values import money, money_bag


def register_sets(typename: str, sets: dict[str, Callable[[Any], Decimal]]) -> None:
    """Money fields that are a total of their record."""
    for name, total in sets.items():
        resolves(typename, name)(bind(_total, total=total))


def bag(amount: Decimal, context: Context) -> dict[str, Any]:
    """An amount in the shop's money."""
    return money_bag(amount, context.shop.currency)


def application(order: Order, index: int) -> dict[str, Any]:
    """One of an order's discounts."""
    application: DiscountApplication = order.applications[index]
    if application.value_type == "percentage":
        value = {"__typename": "PricingPercentageValue", "percentage": float(application.value)}
    else:
        value = money(application.value, order.currency)
    shown = {
        "index": index,
        "allocationMethod": application.allocation_method.upper(),
        "targetSelection": application.target_selection.upper(),
        "targetType": application.target_type.upper(),
        "value": value,
    }
    if application.code:
        return {**shown, "__typename": "DiscountCodeApplication", "code": application.code}
    return {**shown, "__typename": "ManualDiscountApplication", "title": application.title}


def order_of(line: OrderLine, context: Context) -> Order:
    """The order that a line stands in."""
    return line_index(context)[line.id][0]


def line_index(context: Context) -> dict[int, tuple[Order, OrderLine]]:
    """Line id → its order and itself, made once per execution."""
    if "lines" not in context.cache:
        context.cache["lines"] = {
            line.id: (order, line) for order in context.shop.all("Order") for line in order.lines
        }
    found: dict[int, tuple[Order, OrderLine]] = context.cache["lines"]
    return found


def _total(record: Any, context: Context, arguments: dict[str, Any], total: Any) -> Any:
    return bag(total(record), context)
