"""Control of orders: place, pay, refund, cancel, edit, delete."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, jsonify, request

from .changes import orders as changes
from .changes.discounts import application_of
from .control_request import named_shop
from .store.build import LineSpec, OrderSpec
from .store.money import ZERO, money
from .store.orders import DiscountApplication, Order
from .store.shop import Shop
from .webhooks.order_payloads import order_payload
from .world import World

Change = Callable[[Shop, Order, dict[str, Any]], Any]


def order_routes(pages: Blueprint, world: World) -> None:
    """`POST /orders`, then `/orders/<id>/pay|refunds|cancel|edit` and DELETE."""

    @pages.post("/orders")
    def create_order() -> Response:
        wanted = request.get_json()
        with world.lock:
            shop = named_shop(world)
            spec = _spec(shop, wanted)
            order = changes.create_order(world, shop, spec, paid=wanted.get("paid", True))
            return jsonify(order_payload(shop, order))

    @pages.post("/orders/quotes")
    def quote_order() -> Response:
        """What an order would come to; 422 for a code that does not go with it. Nothing is kept."""
        wanted = request.get_json()
        with world.lock:
            return jsonify(changes.quote_order(named_shop(world), _spec(named_shop(world), wanted)))

    @pages.get("/orders/<int:order_id>")
    def show_order(order_id: int) -> Response:
        with world.lock:
            shop = named_shop(world)
            return jsonify(order_payload(shop, _order(shop, order_id)))

    @pages.delete("/orders/<int:order_id>")
    def delete_order(order_id: int) -> Response:
        with world.lock:
            shop = named_shop(world)
            changes.delete_order(world, shop, _order(shop, order_id))
            return jsonify({"id": order_id})

    for name, change in _changes(world).items():
        pages.add_url_rule(
            f"/orders/<int:order_id>/{name}",
            f"order_{name}",
            _route(world, change),
            methods=["POST"],
        )


def _route(world: World, change: Change) -> Callable[[int], Response]:
    def route(order_id: int) -> Response:
        with world.lock:
            shop = named_shop(world)
            order = _order(shop, order_id)
            change(shop, order, request.get_json(silent=True) or {})
            return jsonify(order_payload(shop, order))

    return route


def _changes(world: World) -> dict[str, Change]:
    """What can be done to an order, by the last word of the address."""

    def pay(shop: Shop, order: Order, wanted: dict[str, Any]) -> Any:
        return changes.mark_paid(world, shop, order)

    def refund(shop: Shop, order: Order, wanted: dict[str, Any]) -> Any:
        lines = [(line["line_id"], line.get("quantity", 1)) for line in wanted.get("lines", [])]
        amount = money(wanted["amount"]) if "amount" in wanted else None
        return changes.refund_order(
            world,
            shop,
            order,
            lines=lines,
            amount=amount,
            shipping=money(wanted.get("shipping", "0")),
            note=wanted.get("note"),
        )

    def cancel(shop: Shop, order: Order, wanted: dict[str, Any]) -> Any:
        reason, refund = wanted.get("reason", "CUSTOMER"), wanted.get("refund", True)
        return changes.cancel_order(world, shop, order, reason=reason, refund=refund)

    def edit(shop: Shop, order: Order, wanted: dict[str, Any]) -> Any:
        remove = [(line["line_id"], line.get("quantity", 1)) for line in wanted.get("remove", [])]
        add = [_line(line) for line in wanted.get("add", [])]
        return changes.edit_order(world, shop, order, add=add, remove=remove)

    return {"pay": pay, "refunds": refund, "cancel": cancel, "edit": edit}


def _order(shop: Shop, order_id: int) -> Order:
    order: Order | None = shop.find("Order", order_id)
    if order is None:
        raise LookupError(f"order {order_id}")
    return order


def _spec(shop: Shop, wanted: dict[str, Any]) -> OrderSpec:
    """An order as the control's JSON wishes it; no lines means one product of the shop."""
    source = wanted.get("source_name", wanted.get("source", "web"))
    location_id = wanted.get("location_id")
    if source == "pos" and location_id is None:
        location_id = shop.all("Location")[0].id
    lines = wanted.get("lines") or [{"product_id": shop.all("Product")[0].id}]
    tax_rate = wanted.get("tax_rate")
    return OrderSpec(
        customer_id=wanted.get("customer_id"),
        lines=[_line(line) for line in lines],
        applications=[_application(shop, given) for given in wanted.get("discounts", [])],
        source_name=source,
        location_id=location_id,
        user_id=wanted.get("user_id") or (shop.staff[0].id if source == "pos" else None),
        shipping=money(wanted.get("shipping", "0")),
        tip=money(wanted.get("tip", "0")),
        test=bool(wanted.get("test", False)),
        taxes_included=wanted.get("taxes_included"),
        tax_rate=Decimal(str(tax_rate)) if tax_rate is not None else None,
        note=wanted.get("note"),
        email=wanted.get("email"),
        tags=wanted.get("tags", []),
    )


def _line(given: dict[str, Any]) -> LineSpec:
    return LineSpec(
        product_id=given.get("product_id"),
        variant_id=given.get("variant_id"),
        title=given.get("title"),
        price=money(given["price"]) if "price" in given else None,
        quantity=int(given.get("quantity", 1)),
        is_gift_card=given.get("gift_card"),
        discount=money(given.get("discount", ZERO)),
        taxable=bool(given.get("taxable", True)),
        sku=given.get("sku"),
    )


def _application(shop: Shop, given: dict[str, Any]) -> DiscountApplication:
    """`{"code"}` takes the discount's own value; without a code it is one by hand."""
    code = given.get("code")
    if code and "value" not in given:
        discount = shop.discount_by_code(code)
        if discount is None:
            raise LookupError(f"discount code {code}")
        return application_of(discount, code)
    title = given.get("title", code or "Discount")
    kind = given.get("type", "fixed_amount")
    return DiscountApplication(code, title, Decimal(str(given["value"])), kind)
