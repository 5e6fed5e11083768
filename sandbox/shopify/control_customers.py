"""Control of customers: create, change, delete, merge, tags, consent, privacy requests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from .changes import customers as changes
from .changes import shops
from .clock import parse_time, utc_now
from .control_request import named_shop
from .store.records import Consent, Customer
from .store.shop import Shop
from .webhooks.customer_payloads import customer_payload
from .world import World

Change = Callable[[Shop, Customer, dict[str, Any]], Any]


def customer_routes(pages: Blueprint, world: World) -> None:
    """`POST /customers`, then `/customers/<id>/update|tags|consent|…` and DELETE."""

    @pages.get("/customers")
    def find_customers() -> Response:
        """By `email` or `phone`, or the first hundred."""
        with world.lock:
            shop = named_shop(world)
            email, phone = request.args.get("email"), request.args.get("phone")
            if email or phone:
                one = shop.customer_by(email=email, phone=phone)
                found = [one] if one else []
            else:
                found = shop.all("Customer")[:100]
            return jsonify([_shown(shop, customer) for customer in found])

    @pages.post("/customers")
    def create_customer() -> Response:
        with world.lock:
            shop = named_shop(world)
            wanted = request.get_json()
            customer = changes.create_customer(world, shop, _with_consents(wanted))
            return jsonify(_shown(shop, customer))

    @pages.delete("/customers/<int:customer_id>")
    def delete_customer(customer_id: int) -> Response:
        with world.lock:
            shop = named_shop(world)
            changes.delete_customer(world, shop, _customer(shop, customer_id))
            return jsonify({"id": customer_id})

    for name, change in _changes(world).items():
        pages.add_url_rule(
            f"/customers/<int:customer_id>/{name}",
            f"customer_{name}",
            _route(world, change),
            methods=["POST"],
        )


def _route(world: World, change: Change) -> Callable[[int], Response]:
    def route(customer_id: int) -> Response:
        with world.lock:
            shop = named_shop(world)
            customer = _customer(shop, customer_id)
            change(shop, customer, request.get_json(silent=True) or {})
            return jsonify(_shown(shop, customer))

    return route


def _changes(world: World) -> dict[str, Change]:
    """What can be done to a customer, by the last word of the address."""

    def update(shop: Shop, customer: Customer, wanted: dict[str, Any]) -> Any:
        return changes.update_customer(world, shop, customer, wanted)

    def tags(shop: Shop, customer: Customer, wanted: dict[str, Any]) -> Any:
        if wanted.get("add"):
            changes.add_tags(world, shop, customer, wanted["add"])
        if wanted.get("remove"):
            changes.remove_tags(world, shop, customer, wanted["remove"])

    def consent(shop: Shop, customer: Customer, wanted: dict[str, Any]) -> Any:
        at = parse_time(wanted["at"]) if "at" in wanted else utc_now()
        if "email" in wanted:
            changes.set_email_consent(world, shop, customer, _consent(wanted["email"], at))
        if "sms" in wanted:
            changes.set_sms_consent(world, shop, customer, _consent(wanted["sms"], at))

    def merge(shop: Shop, customer: Customer, wanted: dict[str, Any]) -> Any:
        gone = _customer(shop, int(wanted["other_id"]))
        return changes.merge_customers(world, shop, customer, gone, wanted.get("failure"))

    def metafields(shop: Shop, customer: Customer, wanted: dict[str, Any]) -> Any:
        changes.set_metafield(world, shop, customer, wanted["namespace"], wanted["key"], wanted)

    def redact(shop: Shop, customer: Customer, wanted: dict[str, Any]) -> Any:
        return shops.redact_customer(world, shop, customer)

    def request_data(shop: Shop, customer: Customer, wanted: dict[str, Any]) -> Any:
        return shops.request_data(world, shop, customer)

    return {
        "update": update,
        "tags": tags,
        "consent": consent,
        "merge": merge,
        "metafields": metafields,
        "redact": redact,
        "data-request": request_data,
    }


def _customer(shop: Shop, customer_id: int) -> Customer:
    customer: Customer | None = shop.find("Customer", customer_id)
    if customer is None:
        raise LookupError(f"customer {customer_id}")
    return customer


def _consent(state: str, at: datetime) -> Consent:
    return Consent(state.lower(), "single_opt_in", at, "other")


def _with_consents(wanted: dict[str, Any]) -> dict[str, Any]:
    """`email_marketing: subscribed` in words becomes a consent."""
    made = dict(wanted)
    for key, kind in (("email_marketing", "email_consent"), ("sms_marketing", "sms_consent")):
        if key in made:
            made[kind] = _consent(made.pop(key), utc_now())
    return made


def _shown(shop: Shop, customer: Customer) -> dict[str, Any]:
    """The webhook's payload and what it leaves out."""
    return {
        **customer_payload(shop, customer),
        "tags": customer.tags,
        "email_marketing": customer.email_consent.state,
        "sms_marketing": customer.sms_consent.state,
        "metafields": [
            {"namespace": one.namespace, "key": one.key, "type": one.type, "value": one.value}
            for one in shop.metafields_of(customer.gid)
        ],
    }
