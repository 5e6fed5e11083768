"""Mutations of orders. Each of them sends the webhooks that it sends in Shopify."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ...changes import orders as changes
from ...store import totals
from ...store.build import LineSpec, OrderSpec
from ...store.money import ZERO, money
from ...store.orders import DiscountApplication
from ..context import Context
from ..errors import refuse
from ..registry import resolves
from .helpers import number, telling, wanted


@resolves("Mutation", "orderCreate")
def order_create(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    given = arguments["order"]
    spec = _spec(context, given)
    paid = given.get("financialStatus") == "PAID" or bool(given.get("transactions"))
    with telling(code="INVALID"):
        order = changes.create_order(context.world, context.shop, spec, paid=paid)
    return {"order": order}


@resolves("Mutation", "orderMarkAsPaid")
def order_mark_as_paid(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    order = wanted(context, arguments["input"]["id"], "Order")
    with telling():
        changes.mark_paid(context.world, context.shop, order)
    return {"order": order}


@resolves("Mutation", "orderCancel")
def order_cancel(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    """Cancelled at once; the job it answers with is already done."""
    order = context.shop.find_gid(arguments["orderId"])
    if order is None or order.cancelled_at:
        message = "Order does not exist" if order is None else "Order has already been cancelled"
        code = "NOT_FOUND" if order is None else "INVALID"
        error = {"field": ["orderId"], "message": message, "code": code}
        return {"orderCancelUserErrors": [error], "userErrors": [error]}
    method = arguments.get("refundMethod") or {}
    refund = bool(arguments.get("refund") or method.get("originalPaymentMethodsRefund"))
    changes.cancel_order(
        context.world, context.shop, order, reason=arguments["reason"], refund=refund
    )
    job = {"__typename": "Job", "id": f"gid://shopify/Job/{order.id}", "done": True}
    return {"job": job, "orderCancelUserErrors": []}


@resolves("Mutation", "refundCreate")
def refund_create(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    given = arguments["input"]
    order = wanted(context, given["orderId"], "Order", ["orderId"])
    lines = [
        (number(line["lineItemId"]) or 0, line["quantity"])
        for line in given.get("refundLineItems") or ()
    ]
    payments = given.get("transactions") or ()
    amount = sum((money(payment["amount"]) for payment in payments), ZERO)
    with telling(["input"]):
        refund = changes.refund_order(
            context.world,
            context.shop,
            order,
            lines=lines,
            # As in Shopify, no transaction means that no money moves.
            amount=amount,
            shipping=_shipping(given.get("shipping") or {}, totals.current_shipping(order)),
            note=given.get("note"),
        )
    return {"refund": refund, "order": order}


@resolves("Mutation", "orderUpdate")
def order_update(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    given = arguments["input"]
    order = wanted(context, given["id"], "Order")
    for key in ("note", "email", "tags"):
        if key in given:
            setattr(order, key, given[key])
    changes.touch_order(context.world, context.shop, order)
    return {"order": order}


@resolves("Mutation", "orderDelete")
def order_delete(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    order = wanted(context, arguments["orderId"], "Order", ["orderId"])
    changes.delete_order(context.world, context.shop, order)
    return {"deletedId": arguments["orderId"]}


def _shipping(given: dict[str, Any], left: Decimal) -> Decimal:
    if given.get("fullRefund"):
        return left
    return money(given["amount"]) if given.get("amount") else ZERO


def _spec(context: Context, given: dict[str, Any]) -> OrderSpec:
    """The wish that an OrderCreateOrderInput describes."""
    customer = given.get("customer") or {}
    associate = customer.get("toAssociate") or {}
    if customer.get("toUpsert"):
        raise refuse("customer.toUpsert is not modelled by this stand-in", ["order", "customer"])
    shipping = [line["priceSet"] for line in given.get("shippingLines") or ()]
    return OrderSpec(
        customer_id=number(associate.get("id")),
        lines=[_line(context, line) for line in given.get("lineItems") or ()],
        applications=_applications(given.get("discountCode") or {}),
        source_name=given.get("sourceName") or "api",
        shipping=sum((_amount(price) for price in shipping), ZERO),
        test=bool(given.get("test")),
        taxes_included=bool(given.get("taxesIncluded")),
        tax_rate=_rate(given),
        note=given.get("note"),
        email=given.get("email"),
        tags=given.get("tags") or [],
    )


def _line(context: Context, given: dict[str, Any]) -> LineSpec:
    return LineSpec(
        product_id=number(given.get("productId")),
        variant_id=number(given.get("variantId")),
        title=given.get("title"),
        price=_amount(given["priceSet"]) if given.get("priceSet") else None,
        quantity=given["quantity"],
        is_gift_card=given.get("giftCard"),
        taxable=given.get("taxable", True),
        sku=given.get("sku"),
    )


def _rate(given: dict[str, Any]) -> Decimal:
    """The API adds no taxes of its own: what is not given is zero."""
    taxes = given.get("taxLines") or ()
    return sum((Decimal(str(tax["rate"])) for tax in taxes), Decimal(0))


def _amount(price_set: dict[str, Any]) -> Decimal:
    return money(price_set["shopMoney"]["amount"])


def _applications(given: dict[str, Any]) -> list[DiscountApplication]:
    fixed, percentage = given.get("itemFixedDiscountCode"), given.get("itemPercentageDiscountCode")
    if fixed:
        value = _amount(fixed["amountSet"])
        return [DiscountApplication(fixed["code"], fixed["code"], value, "fixed_amount")]
    if percentage:
        value = Decimal(str(percentage["percentage"]))
        code = percentage["code"]
        return [DiscountApplication(code, code, value, "percentage")]
    return []
