"""LineItem, its discounts and its taxes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ...store.money import ZERO
from ...store.money import money as cents
from ...store.orders import Allocation, OrderLine, TaxLine
from ..context import Context
from ..registry import resolves
from .order_values import application, bag, order_of, register_sets

_LINE_SETS: dict[str, Callable[[OrderLine], Decimal]] = {
    "originalUnitPriceSet": lambda line: line.price,
    "originalTotalSet": lambda line: line.gross,
    "unfulfilledOriginalTotalSet": lambda line: line.current(line.gross),
    "unfulfilledDiscountedTotalSet": lambda line: line.current(line.net),
    "totalDiscountSet": lambda line: line.discount,
    "discountedUnitPriceAfterAllDiscountsSet": lambda line: cents(line.net / line.quantity),
}
register_sets("LineItem", _LINE_SETS)


@resolves("LineItem", "name")
def line_name(line: OrderLine, context: Context, arguments: dict[str, Any]) -> Any:
    return line.title


@resolves("LineItem", "product")
def line_product(line: OrderLine, context: Context, arguments: dict[str, Any]) -> Any:
    return context.shop.find("Product", line.product_id)


@resolves("LineItem", "variant")
def line_variant(line: OrderLine, context: Context, arguments: dict[str, Any]) -> Any:
    return context.shop.find("ProductVariant", line.variant_id)


@resolves("LineItem", "refundableQuantity", "unfulfilledQuantity")
def refundable_quantity(line: OrderLine, context: Context, arguments: dict[str, Any]) -> Any:
    return line.current_quantity


@resolves("LineItem", "customAttributes", "duties")
def nothing(line: OrderLine, context: Context, arguments: dict[str, Any]) -> Any:
    return []


@resolves("LineItem", "discountAllocations")
def allocations(line: OrderLine, context: Context, arguments: dict[str, Any]) -> Any:
    order = order_of(line, context)
    return [{"allocation": allocation, "order": order} for allocation in line.allocations]


@resolves("LineItem", "discountedTotalSet")
def discounted_total(line: OrderLine, context: Context, arguments: dict[str, Any]) -> Any:
    """Line discounts alone, as Shopify: those of the whole order are left out."""
    return bag(line.gross - _own_discount(line, context), context)


@resolves("LineItem", "discountedUnitPriceSet")
def discounted_unit_price(line: OrderLine, context: Context, arguments: dict[str, Any]) -> Any:
    return bag(cents((line.gross - _own_discount(line, context)) / line.quantity), context)


@resolves("DiscountAllocation", "allocatedAmountSet")
def allocated(source: dict[str, Any], context: Context, arguments: dict[str, Any]) -> Any:
    allocation: Allocation = source["allocation"]
    return bag(allocation.amount, context)


@resolves("DiscountAllocation", "discountApplication")
def allocated_by(source: dict[str, Any], context: Context, arguments: dict[str, Any]) -> Any:
    return application(source["order"], source["allocation"].application_index)


@resolves("TaxLine", "priceSet")
def tax_price(tax: TaxLine, context: Context, arguments: dict[str, Any]) -> Any:
    return bag(tax.amount, context)


@resolves("TaxLine", "rate")
def tax_rate(tax: TaxLine, context: Context, arguments: dict[str, Any]) -> Any:
    return float(tax.rate)


@resolves("TaxLine", "ratePercentage")
def tax_percentage(tax: TaxLine, context: Context, arguments: dict[str, Any]) -> Any:
    return float(tax.rate * 100)


def _own_discount(line: OrderLine, context: Context) -> Decimal:
    """What the line's own discounts take off."""
    applications = order_of(line, context).applications
    own = [
        a for a in line.allocations if applications[a.application_index].target_selection != "all"
    ]
    return sum((allocation.amount for allocation in own), ZERO)
