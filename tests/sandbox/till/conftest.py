"""A till with an extension of two lines, beside a Shopify that answers from a table."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request
from werkzeug.serving import make_server

from sandbox.till.__main__ import create_application
from sandbox.till.settings import Settings

TILE, MODAL = "pos.home.tile.render", "pos.home.modal.render"
AURORA = "aurora.myshopify.com"

Bundle = Callable[..., Path]


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """Writes a dist folder; each argument replaces a part of a good one."""

    def write(tile: str = "", modal: str = "", **manifest: Any) -> Path:
        (tmp_path / "tile.js").write_text(tile or f"shopify.extend('{TILE}', () => {{}});")
        (tmp_path / "modal.js").write_text(modal or f"shopify.extend('{MODAL}', () => {{}});")
        good = {
            "api_version": "2026-07",
            "targets": {TILE: "tile.js", MODAL: "modal.js"},
            "locales": {"en.default": {"hello": "Hello {{name}}"}, "de": {"hello": "Hallo"}},
        }
        (tmp_path / "manifest.json").write_text(json.dumps(good | manifest))
        return tmp_path

    return write


@pytest.fixture
def shopify_url() -> Iterator[str]:
    """A Shopify with one shop, one customer, and orders that it remembers."""
    server = make_server("127.0.0.1", 0, _shopify(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def serve(shopify_url: str) -> Iterator[Callable[[Path], str]]:
    """Serves a till with the given bundle; its address."""
    servers = []

    def start(folder: Path) -> str:
        # The app is the Shopify double as well: it tells what it was sent.
        settings = Settings(0, shopify_url, shopify_url.replace("127.0.0.1", "localhost"), folder)
        server = make_server("127.0.0.1", 0, create_application(settings), threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()


def too_large() -> str:
    """A script that does not shrink below 64 KB."""
    text = "".join(format(hash((n, "x")) & 0xFFFFFFFFFFFFFFFF, "016x") for n in range(20_000))
    assert len(gzip.compress(text.encode())) > 64 * 1024
    return f"// {text}"


def _shopify() -> Flask:
    app = Flask("shopify-double")
    orders: list[dict[str, Any]] = []

    @app.get("/_control/state")
    def state() -> Any:
        if request.args["shop"] != AURORA:
            return {"error": "unknown shop"}, 404
        staff = [{"id": 7, "name": "Olivia", "account_owner": True}]
        return {"shop_id": 1, "staff": staff, "locations": [{"id": 5, "name": "Main street"}]}

    @app.get("/_control/id-token")
    def id_token() -> Any:
        return {"id_token": f"token-of-{request.args['user']}"}

    @app.get("/_control/customers")
    def customers() -> Any:
        return [{"id": 77, "first_name": "Alice", "last_name": None}]

    @app.post("/_control/orders")
    def order() -> Any:
        orders.append(request.get_json())
        return {"id": 1, "name": "#1001", "total_price": orders[-1]["lines"][0]["price"]}

    @app.post("/_control/orders/quotes")
    def quote() -> Any:
        wanted = request.get_json()
        codes = [discount["code"] for discount in wanted["discounts"]]
        if codes != ["ENC-1"] or wanted["customer_id"] != 77:
            return {"error": f"{codes[-1]} is not available to this customer"}, 422
        return {"subtotal": "25.00", "discounts": "5.00", "tax": "0.00", "total": "20.00"}

    @app.get("/_control/orders")
    def placed() -> Any:
        return orders

    @app.route("/echo", methods=["GET", "POST", "OPTIONS"])
    def echo() -> Any:
        headers = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*"}
        if request.method == "POST":
            orders.append({"echo": True})
        return {"authorization": request.headers.get("Authorization")}, 200, headers

    return app
