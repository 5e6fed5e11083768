"""Starts the stand-in for Apple as a process and talks to its HTTP side."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parents[3]
PATIENCE_S = 15.0


@dataclass
class StandIn:
    """A running stand-in; `directory` holds its certificates."""

    process: subprocess.Popen[str]
    directory: Path
    apns_url: str
    phone_url: str
    pass_type_id: str
    team_id: str

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call an address and return its JSON, whatever the status."""
        return requests.request(method, self.phone_url + path, json=body, timeout=30).json()

    def new_phone(self) -> "PhoneClient":
        """Create a phone."""
        return PhoneClient(self, self.call("POST", "/phones")["id"])

    def set_fault(self, **fault: Any) -> None:
        """Set a fault."""
        assert "id" in self.call("POST", "/_control/faults", fault)

    def stop(self) -> int:
        """End the process politely and return its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=20)


@dataclass
class PhoneClient:
    """One phone over HTTP."""

    stand_in: StandIn
    id: str

    def state(self) -> Any:
        """Return everything the phone tells."""
        return self.stand_in.call("GET", f"/phones/{self.id}")

    def do(self, step: str, **body: Any) -> Any:
        """POST to one of the phone's addresses."""
        return self.stand_in.call("POST", f"/phones/{self.id}/{step}", body)

    def refusals(self, url: str) -> set[str]:
        """Return the codes with which the phone refuses the pass at `url`."""
        return {problem["code"] for problem in self.do("add", url=url).get("refused", [])}

    def settled(self) -> Any:
        """Wait until the phone has nothing left to do; return its state."""
        return wait_for(lambda: state if (state := self.state())["idle"] else None)


def start(directory: Path) -> StandIn:
    """Start a stand-in on free ports, with phones that retry quickly."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.apple", "--state", str(directory),
         "--retry-waits", "0.05,0.1,0.2"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    names = ("apns_url", "phone_url", "pass_type_id", "team_id")
    return StandIn(process, directory, *(ready[name] for name in names))


def wait_for(look: Callable[[], Any]) -> Any:
    """Return the first thing that `look` finds."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError("nothing came in time")
