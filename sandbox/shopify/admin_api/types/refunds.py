"""Refund, its lines, and the payments of an order."""

from __future__ import annotations

from typing import Any

from ...store.money import ZERO
from ...store.money import money as cents
from ...store.orders import Refund, RefundLine, Transaction
from ..context import Context
from ..registry import resolves
from .order_values import bag, line_index


@resolves("Refund", "totalRefundedSet")
def refund_total(refund: Refund, context: Context, arguments: dict[str, Any]) -> Any:
    return bag(refund.total, context)


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
            "subtotalAmountSet": bag(refund.shipping, context),
            "taxAmountSet": bag(ZERO, context),
        }
    ]


@resolves("Refund", "orderAdjustments")
def adjustments(refund: Refund, context: Context, arguments: dict[str, Any]) -> Any:
    if refund.adjustment == 0:
        return []
    return [
        {
            "id": f"gid://shopify/OrderAdjustment/{refund.id + 2}",
            "amountSet": bag(refund.adjustment, context),
            "taxAmountSet": bag(ZERO, context),
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
    return line_index(context)[part.line_id][1]


@resolves("RefundLineItem", "subtotalSet")
def refunded_subtotal(part: RefundLine, context: Context, arguments: dict[str, Any]) -> Any:
    return bag(part.subtotal, context)


@resolves("RefundLineItem", "totalTaxSet")
def refunded_tax(part: RefundLine, context: Context, arguments: dict[str, Any]) -> Any:
    return bag(part.tax, context)


@resolves("RefundLineItem", "priceSet")
def refunded_price(part: RefundLine, context: Context, arguments: dict[str, Any]) -> Any:
    return bag(cents(part.subtotal / part.quantity), context)


@resolves("RefundLineItem", "restockType")
def restock_type(part: RefundLine, context: Context, arguments: dict[str, Any]) -> Any:
    return part.restock_type.upper()


@resolves("RefundLineItem", "restocked")
def restocked(part: RefundLine, context: Context, arguments: dict[str, Any]) -> Any:
    return part.restock_type == "return"


@resolves("OrderTransaction", "amountSet")
def transaction_amount(moved: Transaction, context: Context, arguments: dict[str, Any]) -> Any:
    return bag(moved.amount, context)


@resolves("OrderTransaction", "kind")
def transaction_kind(moved: Transaction, context: Context, arguments: dict[str, Any]) -> Any:
    return moved.kind.upper()


@resolves("OrderTransaction", "processedAt")
def transaction_time(moved: Transaction, context: Context, arguments: dict[str, Any]) -> Any:
    return moved.created_at


@resolves("OrderTransaction", "status")
def transaction_status(moved: Transaction, context: Context, arguments: dict[str, Any]) -> Any:
    return "SUCCESS"


@resolves("OrderTransaction", "manualPaymentGateway")
def is_manual(moved: Transaction, context: Context, arguments: dict[str, Any]) -> Any:
    return moved.gateway == "cash"


@resolves("OrderTransaction", "test")
def is_test(moved: Transaction, context: Context, arguments: dict[str, Any]) -> Any:
    return context.shop.find("Order", moved.order_id).test


@resolves("OrderTransaction", "order")
def transaction_order(moved: Transaction, context: Context, arguments: dict[str, Any]) -> Any:
    return context.shop.find("Order", moved.order_id)
