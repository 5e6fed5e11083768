"""A line to Shopify that loses one answer when told to, after Shopify has done what was asked."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

_HEADERS = ("Content-Type", "X-Shopify-Access-Token")


class LossyLine:
    """Passes requests on to `upstream`; the next one that says `loses` gets no answer."""

    def __init__(self, upstream: str) -> None:
        self.upstream, self.loses = upstream, ""
        line = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name: self.headers[name] for name in _HEADERS if name in self.headers}
                url = line.upstream + self.path
                answer = requests.post(url, data=body, headers=headers, timeout=20)
                if not line.takes(json.loads(body).get("query", "")):
                    self._pass_on(answer)

            def _pass_on(self, answer: requests.Response) -> None:
                self.send_response(answer.status_code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            def log_message(self, *parts: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def takes(self, query: str) -> bool:
        """Whether this is the answer to lose; only one is."""
        is_it = bool(self.loses) and self.loses in query
        if is_it:
            self.loses = ""
        return is_it

    def close(self) -> None:
        """End the line."""
        self._server.shutdown()
        self._server.server_close()
