"""The stand-in for Shopify in a process of its own, reached over HTTP alone."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from sandbox.servers.launching import free_port
from tests.platform.tokens import CLIENT_ID, OLD_SECRET, SECRET

ROOT = Path(__file__).parents[2]
_START_S = 60


class Shopify:
    """What tests tell the stand-in, and ask it."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.url_template = f"{self.url}/shops/{{shop}}"

    def tell(self, path: str, **body: Any) -> Any:
        """POST to /_control/<path>; the answer's JSON."""
        response = requests.post(f"{self.url}/_control/{path}", json=body, timeout=30)
        response.raise_for_status()
        return response.json()

    def ask(self, path: str, **query: Any) -> Any:
        """GET /_control/<path>; the answer's JSON."""
        response = requests.get(f"{self.url}/_control/{path}", params=query, timeout=30)
        response.raise_for_status()
        return response.json()

    def id_token(self, **query: Any) -> str:
        """A session token, Aurora's owner's unless told otherwise."""
        return str(self.ask("id-token", **query)["id_token"])

    def state(self, **query: Any) -> Any:
        """What a shop holds."""
        return self.ask("state", **query)

    def fail(self, surface: str, mode: str = "fail", **more: Any) -> None:
        """Put a fault in force."""
        self.tell("faults", surface=surface, mode=mode, **more)

    def calls(self, of: str) -> int:
        """How many requests it has received whose path or note holds `of`."""
        received = self.ask("requests")
        return sum(of in f"{entry.get('path')} {entry.get('note')}" for entry in received)


@contextmanager
def running(state: Path, *, customers: int, orders: int) -> Iterator[Shopify]:
    """A stand-in with two shops of that size, ended at the end."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "sandbox.shopify", "--port", str(port), "--state", str(state)),
        *("--client-id", CLIENT_ID, "--client-secret", SECRET, "--old-client-secret", OLD_SECRET),
        *("--app-url", "http://localhost:9", "--toml", str(ROOT / "shopify.app.toml")),
        *("--customers", str(customers), "--orders", str(orders)),
    ]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        shopify = Shopify(port)
        _wait_for(shopify, process)
        yield shopify
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(shopify: Shopify, process: "subprocess.Popen[bytes]") -> None:
    ends_at = time.monotonic() + _START_S
    while True:
        assert process.poll() is None, "the stand-in ended"
        try:
            shopify.ask("health")
            return
        except requests.RequestException:
            assert time.monotonic() < ends_at, "the stand-in does not answer"
            time.sleep(0.1)
