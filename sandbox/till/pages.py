"""The till as a page, the frames that run the extension, and what both ask of this server."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from .extension import TAGS
from .shopify import Sale, Unanswered
from .world import World

_AMOUNT = re.compile(r"\d{1,7}(\.\d{1,2})?")


def till_pages(world: World) -> Blueprint:
    """`/` is the till; `/extension/<target>` the document that runs one of its targets."""
    pages = Blueprint("till", __name__)

    @pages.errorhandler(LookupError)
    def unknown(error: LookupError) -> ResponseReturnValue:
        return {"error": f"unknown or missing: {error}"}, 404

    @pages.errorhandler(Unanswered)
    def unanswered(error: Unanswered) -> ResponseReturnValue:
        return {"error": str(error)}, 502

    _documents(pages, world)
    _errands(pages, world)
    return pages


def _documents(pages: Blueprint, world: World) -> None:
    @pages.get("/")
    def till() -> ResponseReturnValue:
        return render_template("till.html", facts=_facts(world), targets=world.extension.scripts)

    @pages.get("/extension/<target>")
    def frame(target: str) -> ResponseReturnValue:
        if target not in world.extension.scripts:
            abort(404)
        direction = "rtl" if request.args.get("dir") == "rtl" else "ltr"
        locale, words = world.extension.words(request.args.get("locale", "en"))
        facts = {
            "target": target,
            "tags": TAGS[target],
            "locale": locale,
            "words": words,
            "appUrl": world.settings.app_url,
            "apiVersion": world.extension.api_version,
        }
        return render_template("extension.html", facts=facts, direction=direction)

    @pages.get("/bundle/<target>.js")
    def bundle(target: str) -> ResponseReturnValue:
        script = world.extension.scripts.get(target) or abort(404)
        return Response(script, mimetype="text/javascript", headers={"Cache-Control": "no-cache"})


def _facts(world: World) -> dict[str, Any]:
    """Who is logged in where, as the address says; by default the owner at the first place."""
    wanted = request.args
    shop = wanted.get("shop", "")
    state = world.shopify.state(shop)
    location = wanted.get("location", type=int) or state["locations"][0]["id"]
    if location not in [place["id"] for place in state["locations"]]:
        raise LookupError(f"location {location}")
    return {
        "shop": shop,
        "shopId": state["shop_id"],
        "user": wanted.get("user", type=int) or state["staff"][0]["id"],
        "staff": state["staff"],
        "location": location,
        "locations": state["locations"],
        "hasAccess": wanted.get("access") != "no",
        "locale": wanted.get("locale", "en"),
        "dir": "rtl" if wanted.get("dir") == "rtl" else "ltr",
        "sources": wanted.get("sources", "camera,external").split(","),
    }


def _errands(pages: Blueprint, world: World) -> None:
    @pages.get("/_till/session-token")
    def session_token() -> ResponseReturnValue:
        wanted = request.args
        return {"token": world.shopify.session_token(wanted["shop"], int(wanted["user"]))}

    @pages.get("/_till/customers/<int:customer_id>")
    def customer(customer_id: int) -> ResponseReturnValue:
        found = world.shopify.find_customer(request.args["shop"], customer_id)
        if found is None:
            raise LookupError(f"customer {customer_id}")
        names = (found.get("first_name"), found.get("last_name"))
        return {"id": customer_id, "name": " ".join(name for name in names if name)}

    @pages.post("/_till/fates")
    def fate() -> ResponseReturnValue:
        """A request is about to leave the till: is it lost on the way?"""
        wanted = request.get_json()
        fault = world.take_fate(wanted["path"])
        world.note("request", **wanted, fault=fault.mode if fault else None)
        if fault is None:
            return {"mode": "pass"}
        return {"mode": fault.mode, "status": fault.status, "seconds": fault.seconds}

    @pages.post("/_till/notes")
    def note() -> ResponseReturnValue:
        """POS refused something, or a script broke: the till's page tells us."""
        wanted = request.get_json()
        world.note(str(wanted.get("kind", "refused")), what=str(wanted.get("what", ""))[:2000])
        return {}, 201

    @pages.post("/_till/quote")
    def quote() -> ResponseReturnValue:
        """The cart has changed: what it comes to now, or which code does not go with it."""
        return jsonify(world.shopify.quote(_sale(request.get_json())))

    @pages.post("/_till/checkout")
    def checkout() -> ResponseReturnValue:
        wanted = request.get_json()
        if not _AMOUNT.fullmatch(str(wanted["amount"])):
            return {"error": "the amount is a number such as 12.50"}, 422
        order = world.shopify.sell(_sale(wanted))
        world.note("order", name=order["name"], customer=wanted.get("customer_id"))
        return jsonify({"id": order["id"], "name": order["name"], "total": order["total_price"]})


def _sale(wanted: dict[str, Any]) -> Sale:
    return Sale(
        wanted["shop"],
        amount=str(wanted["amount"]),
        customer_id=wanted.get("customer_id"),
        location_id=int(wanted["location"]),
        user=int(wanted["user"]),
        codes=tuple(wanted.get("codes", ())),
    )
