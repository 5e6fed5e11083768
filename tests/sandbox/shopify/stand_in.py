"""A running stand-in and the app that it talks to, as the tests see them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parents[3]
CLIENT_ID = "client-of-the-tests"
SECRET = "the-secret-of-the-tests-0123456789abcdef"
OLD_SECRET = "the-secret-before-that-0123456789abcdef"
AURORA, BOREALIS = "aurora.myshopify.com", "borealis.myshopify.com"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


@dataclass
class Webhook:
    """One delivery as the app received it."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def topic(self) -> str:
        return self.headers["x-shopify-topic"]

    @property
    def payload(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    def is_signed_with(self, secret: str) -> bool:
        digest = hmac.new(secret.encode(), self.body, hashlib.sha256).digest()
        return self.headers["x-shopify-hmac-sha256"] == base64.b64encode(digest).decode()


@dataclass
class App:
    """Stands for the app: keeps the webhooks that come, and answers what the test wants."""

    received: list[Webhook] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)  # answers to come; 200 when empty
    delay_s: float = 0.0

    def start(self) -> str:
        app = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                app.received.append(Webhook(self.path, headers, body))
                time.sleep(app.delay_s)
                self.send_response(app.statuses.pop(0) if app.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *parts: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://localhost:{self.server.server_address[1]}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def of(self, topic: str) -> list[Webhook]:
        return [webhook for webhook in self.received if webhook.topic == topic]


class StandIn:
    """The process under test, and short ways to speak to it."""

    def __init__(self, state: Path, app: App, app_url: str, *, arguments: list[str]) -> None:
        self.app = app
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "sandbox.shopify", "--port", str(port)]
        command += ["--state", str(state), "--app-url", app_url, "--client-id", CLIENT_ID]
        command += ["--client-secret", SECRET, "--old-client-secret", OLD_SECRET]
        command += ["--toml", str(Path(__file__).with_name("shopify.app.toml")), *arguments]
        self.process = subprocess.Popen(command, cwd=ROOT)
        wait_until(self._is_up, timeout_s=60)
        self.session = requests.Session()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    def get(self, path: str, **query: Any) -> Any:
        answer = self.session.get(self.url + path, params=query)
        assert answer.ok, answer.text
        return answer.json()

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """POST to the control surface; fails when it refuses."""
        answer = self.session.post(f"{self.url}/_control/{path}", json=body or {})
        assert answer.ok, answer.text
        return answer.json()

    def fault(self, surface: str, mode: str, **more: Any) -> None:
        self.control("faults", {"surface": surface, "mode": mode, **more})

    def id_token(self, shop: str = AURORA, **query: Any) -> str:
        token: str = self.get("/_control/id-token", shop=shop, **query)["id_token"]
        return token

    def ask_token(self, body: dict[str, Any], shop: str = AURORA) -> requests.Response:
        """One request to the token endpoint, with the app's credentials."""
        body = {"client_id": CLIENT_ID, "client_secret": SECRET, **body}
        return self.session.post(f"{self.url}/shops/{shop}/admin/oauth/access_token", json=body)

    def exchange(
        self, shop: str = AURORA, *, kind: str = "offline", token: str | None = None
    ) -> requests.Response:
        body = {
            "grant_type": TOKEN_EXCHANGE,
            "subject_token": token or self.id_token(shop),
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
            "requested_token_type": f"urn:shopify:params:oauth:token-type:{kind}-access-token",
            "expiring": 1,
        }
        return self.ask_token(body, shop)

    def install(self, shop: str = AURORA) -> str:
        """An offline access token of the shop."""
        token: str = self.exchange(shop).json()["access_token"]
        return token

    def post_graphql(
        self, token: str, query: str, variables: dict[str, Any] | None = None, shop: str = AURORA
    ) -> requests.Response:
        return self.session.post(
            f"{self.url}/shops/{shop}/admin/api/2026-10/graphql.json",
            json={"query": query, "variables": variables or {}},
            headers={"X-Shopify-Access-Token": token},
        )

    def ask(
        self, token: str, query: str, variables: dict[str, Any] | None = None, shop: str = AURORA
    ) -> dict[str, Any]:
        """The JSON of a GraphQL answer, errors or not."""
        answer = self.post_graphql(token, query, variables, shop)
        assert answer.status_code == 200, answer.text
        parsed: dict[str, Any] = answer.json()
        return parsed

    def data(
        self, token: str, query: str, variables: dict[str, Any] | None = None, shop: str = AURORA
    ) -> Any:
        """The data of an answer that must have no errors."""
        answer = self.ask(token, query, variables, shop)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def alice(self) -> dict[str, Any]:
        """Alice as the control surface shows her."""
        found: dict[str, Any] = self.get("/_control/customers", email="alice@example.com")[0]
        return found

    def product(self, *, gift_card: bool = False) -> int:
        products = self.get("/_control/state")["products"]
        found: int = next(p["id"] for p in products if p["gift_card"] is gift_card)
        return found

    def _is_up(self) -> bool:
        assert self.process.poll() is None, "the stand-in ended while it started"
        try:
            return requests.get(f"{self.url}/_control/health", timeout=5).ok
        except requests.RequestException:
            return False


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(condition: Callable[[], Any], *, timeout_s: float = 15) -> Any:
    """What `condition` returns once it is true; fails when it does not come true."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {timeout_s} s: {condition}")


def codes(answer: dict[str, Any]) -> list[str]:
    """The codes of an answer's errors."""
    return [error["extensions"]["code"] for error in answer["errors"]]
