"""`/_control/…`: JSON over HTTP that makes things happen in the stores, for people and tests."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from .changes import shops
from .control_customers import customer_routes
from .control_discounts import discount_routes
from .control_goods import goods_routes
from .control_locations import location_routes
from .control_orders import order_routes
from .control_request import body, named_shop
from .faults import Fault
from .session_tokens import mint
from .store.refunding import RefusedChange
from .store.shop import Shop
from .webhooks.sender import as_json
from .world import World

FOREIGN_SECRET = "a-secret-that-belongs-to-another-app-altogether"


def control(world: World) -> Blueprint:
    """Every route; `shop` in the body or the query names the shop, by default the first."""
    pages = Blueprint("control", __name__, url_prefix="/_control")

    @pages.errorhandler(RefusedChange)
    def refused(error: RefusedChange) -> tuple[Response, int]:
        return jsonify({"error": error.message, "field": error.field}), 422

    @pages.errorhandler(LookupError)
    def unknown(error: LookupError) -> tuple[Response, int]:
        return jsonify({"error": f"unknown or missing: {error}"}), 404

    @pages.errorhandler(ValueError)
    @pages.errorhandler(TypeError)
    def malformed(error: Exception) -> tuple[Response, int]:
        return jsonify({"error": str(error)}), 400

    _state_routes(pages, world)
    _fault_routes(pages, world)
    _shop_routes(pages, world)
    _token_routes(pages, world)
    order_routes(pages, world)
    customer_routes(pages, world)
    location_routes(pages, world)
    goods_routes(pages, world)
    discount_routes(pages, world)
    return pages


def _state_routes(pages: Blueprint, world: World) -> None:
    @pages.get("/health")
    def health() -> Response:
        return jsonify({"ok": True, "shops": list(world.shops), "app_url": world.settings.app_url})

    @pages.get("/state")
    def state() -> Response:
        with world.lock:
            return jsonify(_state(world, named_shop(world)))

    @pages.get("/requests")
    def requests_received() -> Response:
        return jsonify(world.journal.as_json())

    @pages.get("/deliveries")
    def deliveries() -> Response:
        topic = request.args.get("topic")
        found = [d for d in list(world.sender.log) if topic in (None, d.topic)]
        return jsonify([as_json(delivery) for delivery in found])


def _state(world: World, shop: Shop) -> dict[str, Any]:
    """What a shop holds and what is on its way."""
    states: dict[str, int] = {}
    for delivery in list(world.sender.log):
        if delivery.shop == shop.domain:
            states[delivery.state] = states.get(delivery.state, 0) + 1
    return {
        "shop": shop.domain,
        "shop_id": shop.id,
        "is_installed": shop.is_installed,
        "scopes": shop.granted_scopes,
        "live_offline_tokens": world.tokens.live_count(shop.domain),
        "counts": {typename: len(table) for typename, table in shop.tables.items()}
        | {"Refund": len(shop.refunds())},
        "staff": [
            {"id": m.id, "name": m.name, "account_owner": m.account_owner} for m in shop.staff
        ],
        "locations": [{"id": p.id, "name": p.name} for p in shop.all("Location")],
        "products": [
            {"id": p.id, "title": p.title, "gift_card": p.is_gift_card} for p in shop.all("Product")
        ],
        "deliveries": states,
        "webhooks_idle": world.sender.is_idle(),
        "faults": world.faults.current(),
        "throttle": world.buckets[shop.domain].status(),
    }


def _fault_routes(pages: Blueprint, world: World) -> None:
    @pages.post("/faults")
    def set_fault() -> Response:
        wanted = body()
        surface = wanted.pop("surface")
        wanted.pop("shop", None)  # a fault is everybody's
        world.faults.set(surface, Fault(**wanted))
        if surface == "webhooks" and wanted["mode"] == "off":
            world.sender.release(shuffled=False)
        return jsonify(world.faults.current())

    @pages.post("/webhooks/release")
    def release() -> Response:
        return jsonify({"sent": world.sender.release(shuffled=bool(body().get("shuffled")))})

    @pages.post("/webhooks/replay")
    def replay() -> Response:
        wanted = body()
        sent = world.sender.replay(
            shop=wanted.get("shop"),
            times=int(wanted.get("times", 1)),
            new_ids=bool(wanted.get("new_ids", False)),
        )
        return jsonify({"sent": sent})

    @pages.post("/webhooks/signing")
    def signing() -> Response:
        world.sender.sign_with_old = body()["secret"] == "old"
        return jsonify({"sign_with_old": world.sender.sign_with_old})

    @pages.post("/clock")
    def clock() -> Response:
        world.sender.time_scale = float(body()["scale"])
        return jsonify({"scale": world.sender.time_scale})

    @pages.post("/throttle")
    def throttle() -> Response:
        wanted = body()
        bucket = world.buckets[named_shop(world).domain]
        bucket.configure(float(wanted["maximum"]), float(wanted["restore_rate"]))
        return jsonify(bucket.status())

    @pages.post("/bulk")
    def bulk() -> Response:
        world.bulk.seconds_per_object = float(body()["seconds_per_object"])
        return jsonify({"seconds_per_object": world.bulk.seconds_per_object})


def _shop_routes(pages: Blueprint, world: World) -> None:
    def change(action: Any) -> Any:
        def route() -> Response:
            with world.lock:
                action(world, named_shop(world))
            return jsonify({"ok": True})

        return route

    actions = {
        "install": lambda w, shop: w.install(shop),
        "uninstall": shops.uninstall,
        "shop-redact": shops.redact_shop,
        "scopes": lambda w, shop: shops.change_scopes(w, shop, body()["scopes"]),
        "shop-update": shops.update_shop,
    }
    for name, action in actions.items():
        pages.add_url_rule(f"/{name}", name, change(action), methods=["POST"])


def _token_routes(pages: Blueprint, world: World) -> None:
    @pages.get("/id-token")
    def id_token() -> Response:
        """A session token; `expired=1`, `secret=old|foreign`, and any claim can be bent."""
        shop = named_shop(world)
        wanted = request.args
        secrets = {
            "old": world.settings.old_client_secret,
            "foreign": FOREIGN_SECRET,
        }
        if wanted.get("secret") == "old" and not world.settings.old_client_secret:
            raise LookupError("old client secret")
        token = mint(
            world.settings,
            shop.domain,
            int(wanted.get("user", shop.staff[0].id)),
            secret=secrets.get(wanted.get("secret", "")),
            age_s=3600 if wanted.get("expired") else 0,
            overrides={c: wanted[c] for c in ("iss", "dest", "aud") if c in wanted},
        )
        return jsonify({"id_token": token})

    @pages.post("/tokens/expire")
    def expire() -> Response:
        """Let the hour of access tokens pass; with `refresh` the ninety days too."""
        domain = named_shop(world).domain
        world.tokens.expire_access(domain)
        if body().get("refresh"):
            world.tokens.expire_refresh(domain)
        return jsonify({"ok": True})
