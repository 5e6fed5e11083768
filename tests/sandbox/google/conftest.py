"""One stand-in for the package, a client of its REST API, and something that hears callbacks."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import pytest
import requests
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials

from tests.sandbox.google.stand_in import ISSUER_ID, StandIn, start

SCOPES = ["https://www.googleapis.com/auth/wallet_object.issuer"]
_numbers = count(1)


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    stand_in = start(tmp_path_factory.mktemp("google"))
    yield stand_in
    assert stand_in.stop() == 0


@pytest.fixture
def google(running: StandIn) -> Iterator[StandIn]:
    running.call("PUT", "/_control/limits", {"per_second": 1000})
    yield running
    running.call("DELETE", "/_control/faults")
    running.call("PUT", "/_control/limits", {"per_second": 20, "notices_per_day": 3})


@dataclass
class Api:
    """Google's REST API as a client of Google's own library sees it."""

    session: requests.Session
    url: str

    def __call__(self, method: str, path: str, body: Any = None) -> requests.Response:
        url = f"{self.url}/walletobjects/v1/{path}"
        return self.session.request(method, url, json=body, timeout=20)

    def new_class(self, **more: Any) -> str:
        """Insert a class; its id."""
        content = a_class(**more)
        assert self("POST", "loyaltyClass", content).status_code == 200
        return str(content["id"])

    def new_object(self, class_id: str | None = None, **more: Any) -> str:
        """Insert an object, of a new class unless given; its id."""
        content = an_object(class_id or self.new_class(), **more)
        assert self("POST", "loyaltyObject", content).status_code == 200
        return str(content["id"])


@pytest.fixture
def api(google: StandIn) -> Api:
    load: Any = Credentials.from_service_account_file
    credentials = load(str(google.account_file), scopes=SCOPES)
    session = requests.Session()
    # Not AuthorizedSession: that asks the real Google for the account's regions.
    credentials.refresh(Request(session))
    session.headers["Authorization"] = f"Bearer {credentials.token}"
    return Api(session, google.url)


@dataclass
class Listener:
    """What came at the class's callback address, and what to answer."""

    url: str
    heard: list[dict[str, Any]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            found.heard.append(json.loads(self.rfile.read(length)))
            self.send_response(found.answers.pop(0) if found.answers else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_port}/callbacks"
    yield found
    server.shutdown()
    server.server_close()


def a_class(**more: Any) -> dict[str, Any]:
    return {
        "id": f"{ISSUER_ID}.class-{next(_numbers)}",
        "issuerName": "Aurora",
        "programName": "Aurora Club",
        "programLogo": {"sourceUri": {"uri": "https://example.com/logo.png"}},
        "reviewStatus": "UNDER_REVIEW",
    } | more


def an_object(class_id: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"{ISSUER_ID}.object-{next(_numbers)}",
        "classId": class_id,
        "state": "ACTIVE",
        "accountName": "Alice",
        "loyaltyPoints": {"label": "Points", "balance": {"int": 5}},
    } | more
