"""Control of discounts: a merchant makes one by hand, looks at them, deletes a code of one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from .clock import utc_now
from .control_request import body, named_shop
from .store.discounts import Discount, RedeemCode
from .store.refunding import RefusedChange
from .store.shop import Shop
from .world import World


def discount_routes(pages: Blueprint, world: World) -> None:
    """`GET` and `POST /discounts`; `GET` and `DELETE /discounts/<code>`."""

    @pages.post("/discounts")
    def create_discount() -> Response:
        wanted = body()
        with world.lock:
            shop = named_shop(world)
            codes = [wanted["code"], *wanted.get("more_codes", [])]
            for code in codes:
                if shop.discount_by_code(code):
                    raise RefusedChange("Code must be unique. Please try a different code.")
            return jsonify(_shown(_make(shop, codes, float(wanted["percentage"]))))

    @pages.get("/discounts")
    def list_discounts() -> Response:
        with world.lock:
            found = named_shop(world).all("DiscountCodeNode")
            return jsonify([_shown(discount) for discount in found])

    @pages.get("/discounts/<code>")
    def show_discount(code: str) -> Response:
        with world.lock:
            shop = named_shop(world)
            return jsonify(_shown(_found(shop, code)))

    @pages.delete("/discounts/<code>")
    def delete_code(code: str) -> Response:
        """Take the code away; a discount without codes goes with its last."""
        with world.lock:
            shop = named_shop(world)
            discount = _found(shop, code)
            discount.codes = [each for each in discount.codes if each.code.lower() != code.lower()]
            if not discount.codes:
                shop.remove(discount)
            return jsonify({"code": code})

    @pages.get("/customers/<int:customer_id>/credit")
    def show_credit(customer_id: int) -> Response:
        """What moved on the customer's accounts of store credit, oldest first."""
        with world.lock:
            accounts = named_shop(world).all("StoreCreditAccount")
            own = [account for account in accounts if account.customer_id == customer_id]
            moved = [moved for account in own for moved in account.transactions]
            return jsonify([{"id": one.gid, "amount": str(one.amount)} for one in moved])


def _make(shop: Shop, codes: list[str], percent: float) -> Discount:
    now = utc_now()
    made = Discount(
        shop.next_id("DiscountCodeNode"), "DiscountCodeBasic", codes[0], now, None, now, now
    )
    made.gets = {"items": {"all": True}, "value": {"percentage": percent / 100}}
    made.codes = [RedeemCode(shop.next_id("DiscountRedeemCode"), code) for code in codes]
    shop.add(made)
    return made


def _found(shop: Shop, code: str) -> Discount:
    discount = shop.discount_by_code(code)
    if discount is None:
        raise LookupError(f"discount code {code}")
    return discount


def _shown(discount: Discount) -> dict[str, Any]:
    return {
        "id": discount.id,
        "admin_graphql_api_id": discount.gid,
        "title": discount.title,
        "status": discount.status(utc_now()),
        "ends_at": discount.ends_at.isoformat() if discount.ends_at else None,
        "usage_limit": discount.usage_limit,
        "customer_ids": discount.customer_ids,
        "tags": discount.tags,
        "codes": {code.code: code.usage_count for code in discount.codes},
    }
