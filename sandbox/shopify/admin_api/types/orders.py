"""Order: its totals, what it holds, and what it says of itself."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ...store import totals
from ...store.money import ZERO
from ...store.orders import Allocation, Order
from ..context import Context
from ..registry import bind, resolves
from ..values import count, mailing_address
from .order_values import application, bag, register_sets

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
    "totalCapturableSet": lambda order: ZERO,
    "refundDiscrepancySet": lambda order: sum((r.adjustment for r in order.refunds), ZERO),
    "totalRefundedShippingSet": lambda order: (
        totals.paid_shipping(order) - totals.current_shipping(order)
    ),
}
_ORDER_PLAIN: dict[str, Callable[[Order], Any]] = {
    "displayFinancialStatus": lambda order: totals.financial_status(order).upper(),
    "displayFulfillmentStatus": lambda order: "UNFULFILLED",
    "currencyCode": lambda order: order.currency,
    "presentmentCurrencyCode": lambda order: order.currency,
    "discountCode": lambda order: next(iter(order.discount_codes), None),
    "closed": lambda order: order.closed_at is not None,
    "confirmed": lambda order: True,
    "canNotifyCustomer": lambda order: order.email is not None,
    "restockable": lambda order: any(line.current_quantity for line in order.lines),
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
register_sets("Order", _ORDER_SETS)
for _name, _value in _ORDER_PLAIN.items():
    resolves("Order", _name)(bind(lambda order, c, a, value: value(order), value=_value))


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


@resolves("Order", "shippingLines")
def shipping_lines(order: Order, context: Context, arguments: dict[str, Any]) -> Any:
    if order.shipping == 0:
        return []
    price = bag(order.shipping, context)
    return [
        {
            "id": f"gid://shopify/ShippingLine/{order.id + 1}",
            "title": "Standard",
            "code": "Standard",
            "source": "shopify",
            "custom": False,
            "isRemoved": False,
            "originalPriceSet": price,
            "discountedPriceSet": bag(totals.paid_shipping(order), context),
            "currentDiscountedPriceSet": bag(totals.current_shipping(order), context),
            "taxLines": [],
            "discountAllocations": _shipping_allocations(order),
        }
    ]


@resolves("Order", "shippingLine")
def shipping_line(order: Order, context: Context, arguments: dict[str, Any]) -> Any:
    return next(iter(shipping_lines(order, context, {})), None)


@resolves("Order", "transactionsCount")
def transactions_count(order: Order, context: Context, arguments: dict[str, Any]) -> Any:
    return count(len(transactions(order, context, {})))


@resolves("Order", "discountApplications")
def discount_applications(order: Order, context: Context, arguments: dict[str, Any]) -> Any:
    return [application(order, index) for index in range(len(order.applications))]


@resolves("Order", "taxLines", "currentTaxLines")
def order_taxes(order: Order, context: Context, arguments: dict[str, Any]) -> Any:
    return [tax for line in order.lines for tax in line.tax_lines]


def _shipping_allocations(order: Order) -> list[dict[str, Any]]:
    index = order.shipping_application
    if index is None:
        return []
    return [{"allocation": Allocation(order.shipping_discount, index), "order": order}]
