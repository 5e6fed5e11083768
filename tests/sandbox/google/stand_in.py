"""Starts the stand-in for Google as a process, and talks to it over HTTP."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from sandbox.servers.launching import free_port

ROOT = Path(__file__).parents[3]
ISSUER_ID = "3388000000022195801"
PATIENCE_S = 15.0


@dataclass
class StandIn:
    """A running stand-in."""

    process: subprocess.Popen[bytes]
    directory: Path
    url: str

    @property
    def account_file(self) -> Path:
        """The service account's key file."""
        return self.directory / "service-account.json"

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call one of its own addresses; the JSON, whatever the status."""
        return requests.request(method, self.url + path, json=body, timeout=30).json()

    def set_fault(self, kind: str, **more: Any) -> None:
        """Set a fault."""
        assert "id" in self.call("POST", "/_control/faults", {"kind": kind, **more})

    def objects(self) -> list[Any]:
        """Every object, with all that is known of it."""
        found: list[Any] = self.call("GET", "/_control/state")["objects"]
        return found

    def requests_in(self, start: str = "/walletobjects/") -> list[tuple[str, str, int]]:
        """(method, path, status) of the requests that came in, oldest first."""
        entries = self.call("GET", "/received")["entries"]
        return [
            (entry["method"], entry["path"], entry["status"])
            for entry in entries
            if entry["direction"] == "in" and entry["path"].startswith(start)
        ]

    def settle(self) -> None:
        """Wait until every callback was heard or given up."""
        wait_for(lambda: self.call("GET", "/_control/state")["callbacks_idle"])

    def stop(self) -> int:
        """End it politely; its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=20)


def start(directory: Path, *, retry_waits: str = "0.1,0.4,1.2,5") -> StandIn:
    """Start a stand-in on a free port."""
    port = free_port()
    command = [sys.executable, "-m", "sandbox.google", "--port", str(port)]
    command += ["--state", str(directory), "--app-url", "http://localhost:1"]
    command += ["--issuer-id", ISSUER_ID, "--retry-waits", retry_waits]
    process = subprocess.Popen(command, cwd=ROOT)
    stand_in = StandIn(process, directory, f"http://127.0.0.1:{port}")
    wait_for(lambda: _answers(stand_in))
    return stand_in


def wait_for(look: Callable[[], Any]) -> Any:
    """The first thing that `look` finds."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError("nothing came in time")


def _answers(stand_in: StandIn) -> bool:
    assert stand_in.process.poll() is None, "the stand-in ended at once"
    try:
        return bool(stand_in.call("GET", "/_control/health")["ok"])
    except requests.RequestException:
        return False
