"""Order, its lines, refunds and transactions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ...store import totals
from ...store.money import ZERO, money as cents
from ...store.orders import (
    Allocation,
    DiscountApplication,
    Order,
    OrderLine,
    Refund,
    RefundLine,
    TaxLine,
    Transaction,
)
from ..context import Context
from ..registry import resolves
from ..values import mailing_address, money, money_bag

_ORDER_SETS: dict[str, Callable[[Order], Decimal]] = {
    "currentSubtotalPriceSet": totals.current_subtotal,
    "currentTotalPriceSet": totals.current_total,
    "currentTotalTaxSet": totals.current_tax,
    "currentTotalDiscountsSet": totals.current_discounts,
    "currentCartDiscountAmountSet": totals.current_discounts,
    "currentShippingPriceSet": totals.current_shipping,
    "subtotalPriceSet": totals.subtotal,
    "totalPriceSet": totals.total,
    "originalTotalPriceSet": totals.total,
    "totalTaxSet": totals.tax,
    "totalDiscountsSet": totals.discounts,
    "totalReceivedSet": totals.received,
    "totalRefundedSet": totals.refunded,
    "totalOutstandingSet": totals.outstanding,
    "netPaymentSet": lambda order: totals.received(order) - totals.refunded(order),
    "totalShippingPriceSet": lambda order: order.shipping,
    "totalTipReceivedSet": lambda order: order.tip,
    "totalRefundedShippingSet": lambda order: order.shipping - totals.current_shipping(order),
}
_LINE_SETS: dict[str, Callable[[OrderLine], Decimal]] = {
    "originalUnitPriceSet": lambda line: line.price,
    "originalTotalSet": lambda line: line.gross,
    "totalDiscountSet": lambda line: line.discount,
    "discountedUnitPriceAfterAllDiscountsSet": lambda line: cents(line.net / line.quantity),
}
_ORDER_PLAIN: dict[str, Callable[[Order], Any]] = {
    "displayFinancialStatus": lambda order: totals.financial_status(order).upper(),
    "displayFulfillmentStatus": lambda order: "UNFULFILLED",
    "currencyCode": lambda order: order.currency,
    "presentmentCurrencyCode": lambda order: order.currency,
    "discountCode": lambda order: next(iter(order.discount_codes), None),
    "closed": lambda order: order.closed_at is not None,
    "confirmed": lambda order: True,
    "fullyPaid": lambda order: totals.outstanding(order) <= 0,
    "unpaid": lambda order: not order.transactions,
    "canMarkAsPaid": lambda order: totals.outstanding(order) > 0,
    "refundable": lambda order: totals.received(order) > totals.refunded(order),
    "paymentGatewayNames": lambda order: sorted({t.gateway for t in order.transactions}),
    "subtotalLineItemsQuantity": lambda order: sum(line.quantity for line in order.lines),
    "currentSubtotalLineItemsQuantity": lambda order: sum(
        line.current_quantity for line in order.lines
    ),
    "taxExempt": lambda order: False,
    "dutiesIncluded": lambda order: False,
    "estimatedTaxes": lambda order: False,
    "customAttributes": lambda order: [],
    "requiresShipping": lambda order: any(line.requires_shipping for line in order.lines),
}


def _register() -> None:
    """The fields that are one expression each."""
    for name, total in _ORDER_SETS.items():
        resolves("Order", name)(lambda order, c, a, total=total: _bag(total(order), c))
    for name, total in _LINE_SETS.items():
        resolves("LineItem", name)(lambda line, c, a, total=total: _bag(total(line), c))
    for name, value in _ORDER_PLAIN.items():
        resolves("Order", name)(lambda order, c, a, value=value: value(order))


_register()


@resolves("Order", "customer")
def customer(order: Order, context: Context, arguments: dict[str, Any]) -> Any:
    return context.shop.find("Customer", order.customer_id)


@resolves("Order", "retailLocation")
def retail_location(order: Order, context: Context, arguments: dict[str, Any]) -> Any:
    return context.shop.find("Location", order.location_id)


@resolves("Order", "shippingAddress", "billingAddress", "displayAddress")
def address(order: Order, context: Context, arguments: dict[str, Any]) -> Any:
    buyer = context.shop.find("Customer", order.customer_id)
    return mailing_address(buyer.default_address) if buyer else None


@resolves("Order", "lineItems")
def line_items(order: Order, context: Context, arguments: dict[str, Any]) -> Any:
    return list(order.lines)


@resolves("Order", "refunds")
def refunds(order: Order, context: Context, arguments: dict[str, Any]) -> Any:
    return order.refunds[: arguments.get("first")]


@resolves("Order", "transactions")
def transactions(order: Order, context: Context, arguments: dict[str, Any]) -> Any:
    moved = [*order.transactions, *(t for refund in order.refunds for t in refund.transactions)]
    return moved[: arguments.get("first")]


@resolves("Order", "discountApplications")
def discount_applications(order: Order, context: Context, arguments: dict[str, Any]) -> Any:
    return [_application(order, index) for index in range(len(order.applications))]


@resolves("Order", "taxLines", "currentTaxLines")
def order_taxes(order: Order, context: Context, arguments: dict[str, Any]) -> Any:
    return [tax for line in order.lines for tax in line.tax_lines]


@resolves("LineItem", "name")
def line_name(line: OrderLine, context: Context, arguments: dict[str, Any]) -> Any:
    return line.title


@resolves("LineItem", "product")
def line_product(line: OrderLine, context: Context, arguments: dict[str, Any]) -> Any:
    return context.shop.find("Product", line.product_id)


@resolves("LineItem", "variant")
def line_variant(line: OrderLine, context: Context, arguments: dict[str, Any]) -> Any:
    return context.shop.find("ProductVariant", line.variant_id)


@resolves("LineItem", "refundableQuantity")
def refundable_quantity(line: OrderLine, context: Context, arguments: dict[str, Any]) -> Any:
    return line.current_quantity


@resolves("LineItem", "customAttributes", "duties")
def nothing(line: OrderLine, context: Context, arguments: dict[str, Any]) -> Any:
    return []


@resolves("LineItem", "discountAllocations")
def allocations(line: OrderLine, context: Context, arguments: dict[str, Any]) -> Any:
    order = _order_of(line, context)
    return [{"allocation": allocation, "order": order} for allocation in line.allocations]


@resolves("LineItem", "discountedTotalSet")
def discounted_total(line: OrderLine, context: Context, arguments: dict[str, Any]) -> Any:
    """Line discounts alone, as Shopify: those of the whole order are left out."""
    return _bag(line.gross - _own_discount(line, context), context)


@resolves("LineItem", "discountedUnitPriceSet")
def discounted_unit_price(line: OrderLine, context: Context, arguments: dict[str, Any]) -> Any:
    return _bag(cents((line.gross - _own_discount(line, context)) / line.quantity), context)


@resolves("DiscountAllocation", "allocatedAmountSet")
def allocated(source: dict[str, Any], context: Context, arguments: dict[str, Any]) -> Any:
    allocation: Allocation = source["allocation"]
    return _bag(allocation.amount, context)


@resolves("DiscountAllocation", "discountApplication")
def allocated_by(source: dict[str, Any], context: Context, arguments: dict[str, Any]) -> Any:
    return _application(source["order"], source["allocation"].application_index)


@resolves("TaxLine", "priceSet")
def tax_price(tax: TaxLine, context: Context, arguments: dict[str, Any]) -> Any:
    return _bag(tax.amount, context)


@resolves("TaxLine", "rate")
def tax_rate(tax: TaxLine, context: Context, arguments: dict[str, Any]) -> Any:
    return float(tax.rate)


@resolves("TaxLine", "ratePercentage")
def tax_percentage(tax: TaxLine, context: Context, arguments: dict[str, Any]) -> Any:
    return float(tax.rate * 100)


@resolves("Refund", "totalRefundedSet")
def refund_total(refund: Refund, context: Context, arguments: dict[str, Any]) -> Any:
    return _bag(refund.total, context)


@resolves("Refund", "refundLineItems")
def refund_lines(refund: Refund, context: Context, arguments: dict[str, Any]) -> Any:
    return list(refund.lines)


@resolves("Refund", "transactions")
def refund_transactions(refund: Refund, context: Context, arguments: dict[str, Any]) -> Any:
    return list(refund.transactions)


@resolves("Refund", "refundShippingLines")
def refund_shipping(refund: Refund, context: Context, arguments: dict[str, Any]) -> Any:
    if refund.shipping == 0:
        return []
    return [
        {
            "id": f"gid://shopify/RefundShippingLine/{refund.id + 1}",
            "subtotalAmountSet": _bag(refund.shipping, context),
            "taxAmountSet": _bag(ZERO, context),
        }
    ]


@resolves("Refund", "orderAdjustments")
def adjustments(refund: Refund, context: Context, arguments: dict[str, Any]) -> Any:
    if refund.adjustment == 0:
        return []
    return [
        {
            "id": f"gid://shopify/OrderAdjustment/{refund.id + 2}",
            "amountSet": _bag(refund.adjustment, context),
            "taxAmountSet": _bag(ZERO, context),
            "reason": "REFUND_DISCREPANCY",
        }
    ]


@resolves("Refund", "order")
def refund_order(refund: Refund, context: Context, arguments: dict[str, Any]) -> Any:
    return context.shop.find("Order", refund.order_id)


@resolves("Refund", "updatedAt", "processedAt")
def refund_time(refund: Refund, context: Context, arguments: dict[str, Any]) -> Any:
    return refund.created_at


@resolves("RefundLineItem", "lineItem")
def refunded_line(part: RefundLine, context: Context, arguments: dict[str, Any]) -> Any:
    return _index(context)[part.line_id][1]


@resolves("RefundLineItem", "subtotalSet")
def refunded_subtotal(part: RefundLine, context: Context, arguments: dict[str, Any]) -> Any:
    return _bag(part.subtotal, context)


@resolves("RefundLineItem", "totalTaxSet")
def refunded_tax(part: RefundLine, context: Context, arguments: dict[str, Any]) -> Any:
    return _bag(part.tax, context)


@resolves("RefundLineItem", "priceSet")
def refunded_price(part: RefundLine, context: Context, arguments: dict[str, Any]) -> Any:
    return _bag(cents(part.subtotal / part.quantity), context)


@resolves("RefundLineItem", "restockType")
def restock_type(part: RefundLine, context: Context, arguments: dict[str, Any]) -> Any:
    return part.restock_type.upper()


@resolves("RefundLineItem", "restocked")
def restocked(part: RefundLine, context: Context, arguments: dict[str, Any]) -> Any:
    return part.restock_type == "return"


@resolves("OrderTransaction", "amountSet")
def transaction_amount(moved: Transaction, context: Context, arguments: dict[str, Any]) -> Any:
    return _bag(moved.amount, context)


@resolves("OrderTransaction", "kind")
def transaction_kind(moved: Transaction, context: Context, arguments: dict[str, Any]) -> Any:
    return moved.kind.upper()


@resolves("OrderTransaction", "status")
def transaction_status(moved: Transaction, context: Context, arguments: dict[str, Any]) -> Any:
    return "SUCCESS"


@resolves("OrderTransaction", "order")
def transaction_order(moved: Transaction, context: Context, arguments: dict[str, Any]) -> Any:
    return context.shop.find("Order", moved.order_id)


def _bag(amount: Decimal, context: Context) -> dict[str, Any]:
    return money_bag(amount, context.shop.currency)


def _application(order: Order, index: int) -> dict[str, Any]:
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


def _own_discount(line: OrderLine, context: Context) -> Decimal:
    """What the line's own discounts take off."""
    applications = _order_of(line, context).applications
    own = [
        a for a in line.allocations if applications[a.application_index].target_selection != "all"
    ]
    return sum((allocation.amount for allocation in own), ZERO)


def _order_of(line: OrderLine, context: Context) -> Order:
    return _index(context)[line.id][0]


def _index(context: Context) -> dict[int, tuple[Order, OrderLine]]:
    """Line id → its order and itself, made once per execution."""
    if "lines" not in context.cache:
        context.cache["lines"] = {
            line.id: (order, line) for order in context.shop.all("Order") for line in order.lines
        }
    found: dict[int, tuple[Order, OrderLine]] = context.cache["lines"]
    return found
