"""A small PassKit web service for the tests: it remembers what a phone asks and tells.

It answers on the file's word alone; the tests plant its faults by setting attributes.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PKPASS = "application/vnd.apple.pkpass"


class PassServer:
    """One pass at `/pass.pkpass`, its revisions, its registrations and the phone's log."""

    def __init__(self) -> None:
        self.bundle = b""
        self.revision = 0
        self.tag: str | None = None  # a tag that does not move; None: it follows the revision
        self.serial = "alice-000000000001"
        self.content_type = PKPASS
        self.failures: dict[str, list[int]] = {}  # method and first word after /v1/ → statuses
        self.ignores_modified_since = False
        self.requests: list[dict[str, Any]] = []
        self.logs: list[str] = []
        self.push_tokens: dict[str, str] = {}
        handler = type("Handler", (_Handler,), {"server_state": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def publish(self, bundle: bytes) -> None:
        """Make `bundle` the newest revision."""
        self.bundle, self.revision = bundle, self.revision + 1

    def last_modified(self) -> str:
        """Return the revision as a date of its own."""
        return f"Sun, 22 Nov 2026 04:{self.revision // 60:02}:{self.revision % 60:02} GMT"

    def count(self, method: str, part: str) -> int:
        """Return how many requests of this method had `part` in their path."""
        return sum(1 for entry in self.requests
                   if entry["method"] == method and part in entry["path"])  # fmt: skip

    def close(self) -> None:
        """Stop serving."""
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    server_state: PassServer

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, *_: Any) -> None:
        return

    def _answer(self) -> None:
        state, path = self.server_state, urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        state.requests.append({"method": self.command, "path": path.path, "query": path.query,
                               "headers": dict(self.headers), "body": body})  # fmt: skip
        kind = f"{self.command} {path.path.partition('/v1/')[2].partition('/')[0]}"
        if state.failures.get(kind):
            self._send(state.failures[kind].pop(0))
        elif path.path == "/pass.pkpass":
            self._send_pass()
        elif kind == "GET passes":
            is_same = self.headers.get("If-Modified-Since") == state.last_modified()
            self._send(304) if is_same and not state.ignores_modified_since else self._send_pass()
        elif kind == "GET devices":
            self._send_list(parse_qs(path.query).get("passesUpdatedSince", [None])[0])
        elif kind == "POST log":
            state.logs += json.loads(body)["logs"]
            self._send(200)
        elif kind == "POST devices":
            device = path.path.split("/")[3]
            is_new = device not in state.push_tokens
            state.push_tokens[device] = json.loads(body)["pushToken"]
            self._send(201 if is_new else 200)
        elif kind != "DELETE devices":
            self._send(404)
        else:
            self.server_state.push_tokens.pop(path.path.split("/")[3], None)
            self._send(200)

    def _send_pass(self) -> None:
        state = self.server_state
        headers = {"Content-Type": state.content_type, "Last-Modified": state.last_modified()}
        self._send(200, state.bundle, headers)

    def _send_list(self, since: str | None) -> None:
        state = self.server_state
        tag = state.tag or str(state.revision)
        if since == tag and state.tag is None:
            self._send(204)
            return
        content = {"serialNumbers": [state.serial], "lastUpdated": tag}
        self._send(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
