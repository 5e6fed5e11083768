"""The admin's pages: a store's frame around the app, and the tokens that it mints."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import urlencode

from flask import (
    Blueprint,
    Response,
    abort,
    jsonify,
    redirect,
    render_template,
    request,
    send_from_directory,
)
from werkzeug.wrappers import Response as BaseResponse

from ..oauth import query_hmac
from ..session_tokens import mint
from ..store.records import StaffMember
from ..store.shop import Shop
from ..world import World
from .addresses import app_path, host_parameter

STATIC = Path(__file__).parent / "static"


def admin_frame(world: World) -> Blueprint:
    """`/store/<handle>/apps/encore/…` and what it loads."""
    pages = Blueprint("frame", __name__, template_folder="templates")

    @pages.get("/")
    def stores() -> str:
        return render_template("stores.html", shops=world.shops.values())

    @pages.get("/store/<handle>/apps/encore")
    @pages.get("/store/<handle>/apps/encore/<path:path>")
    def frame(handle: str, path: str = "") -> str:
        shop = _shop(world, handle)
        member = _staff(shop, request.args.get("user", type=int))
        with world.lock:
            world.install(shop)
        return render_template(
            "frame.html",
            shop=shop,
            member=member,
            app_name=world.settings.toml.get("name", "App"),
            src=frame_address(world, shop, member, path, request.args.to_dict()),
            facts={
                "appOrigin": world.settings.app_url,
                "shop": shop.domain,
                "handle": shop.handle,
                "user": {"id": member.id, "name": member.name, "email": member.email},
                "scopes": shop.granted_scopes,
                "optionalScopes": world.settings.optional_scopes,
                "products": [
                    {"id": product.gid, "title": product.title, "handle": product.handle}
                    for product in shop.all("Product")
                ],
            },
        )

    @pages.get("/shops/<domain>")
    def storefront(domain: str) -> str:
        """The shop's own site: where links of an app to the shop lead."""
        shop = world.shops.get(domain) or abort(404)
        return render_template("storefront.html", shop=shop)

    @pages.get("/shops/<domain>/admin/apps/<client_id>")
    def app_of_shop(domain: str, client_id: str) -> BaseResponse:
        """Where an app sends a merchant after the authorization-code grant."""
        shop = world.shops.get(domain)
        if shop is None or client_id != world.settings.client_id:
            abort(404)
        return redirect(f"/store/{shop.handle}/apps/encore")

    @pages.post("/_admin/session-token")
    def session_token() -> Response:
        wanted = request.get_json()
        shop = world.shops.get(wanted["shop"]) or abort(404)
        member = _staff(shop, int(wanted["user"]))
        return jsonify({"token": mint(world.settings, shop.domain, member.id)})

    @pages.get("/app-bridge.js")
    def app_bridge() -> BaseResponse:
        return _static("app-bridge.js")

    @pages.get("/frame/<name>")
    def static(name: str) -> BaseResponse:
        return _static(name)

    return pages


def frame_address(
    world: World, shop: Shop, member: StaffMember, path: str, query: dict[str, str]
) -> str:
    """The app's address in the iframe, with the parameters that Shopify adds and signs."""
    own = {key: value for key, value in query.items() if key != "user"}
    token = mint(world.settings, shop.domain, member.id)
    signed = {
        **own,
        "embedded": "1",
        "shop": shop.domain,
        "host": host_parameter(shop),
        "locale": "en",
        "session": token.rpartition(".")[2][:40],
        "timestamp": str(int(time.time())),
        "id_token": token,
    }
    signed["hmac"] = query_hmac(signed, world.settings.client_secret)
    return f"{world.settings.app_url}{app_path(path)}?{urlencode(signed)}"


def _shop(world: World, handle: str) -> Shop:
    found = next((shop for shop in world.shops.values() if shop.handle == handle), None)
    return found or abort(404)


def _staff(shop: Shop, user_id: int | None) -> StaffMember:
    """The staff member who looks at the page; the owner unless another is named."""
    if user_id is None:
        return shop.staff[0]
    return next((member for member in shop.staff if member.id == user_id), None) or abort(404)


def _static(name: str) -> BaseResponse:
    response = send_from_directory(STATIC, name)
    response.headers["Cache-Control"] = "no-cache"
    return response
