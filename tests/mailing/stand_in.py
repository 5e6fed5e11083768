"""The stand-in for Amazon as a process of its own, and the way to tell it what to do."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from sandbox.servers.launching import free_port

ROOT = Path(__file__).parents[2]
ACCESS_KEY_ID, SECRET_ACCESS_KEY = "AKIAOFTHETESTS", "made up for the tests"
SENDER, CONFIGURATION_SET = "cards@encore.example", "encore"


@dataclass(frozen=True)
class Amazon:
    """SES and SNS on this machine."""

    url: str
    port: int

    @property
    def topic_arn(self) -> str:
        """The one topic."""
        return "arn:aws:sns:us-east-1:123456789012:encore-mail"

    def get(self, path: str) -> Any:
        """What a control says."""
        answer = requests.get(f"{self.url}/_control/{path}", timeout=10)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, **content: Any) -> Any:
        """Tell a control, and return what it says."""
        answer = requests.post(f"{self.url}/_control/{path}", json=content, timeout=40)
        assert answer.ok, answer.text
        return answer.json()

    def put(self, path: str, **content: Any) -> Any:
        """Change a control."""
        answer = requests.put(f"{self.url}/_control/{path}", json=content, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def emails(self) -> list[dict[str, Any]]:
        """Every email that SES took, oldest first."""
        found: list[dict[str, Any]] = self.get("messages")["messages"]
        return found

    def clear(self) -> None:
        """Nothing goes wrong any more, and no address is suppressed."""
        for name in ("faults", "suppressed"):
            requests.delete(f"{self.url}/_control/{name}", timeout=10).raise_for_status()

    def wait(self, *, confirmed: bool = False) -> None:
        """Until it serves, and until its subscription is confirmed if that is wanted."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if self.get("health")["confirmed"] or not confirmed:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.1)
        raise AssertionError("the stand-in did not come up in time")


@contextmanager
def amazon_running(
    state: Path, app_url: str, *options: str, port: int | None = None
) -> Iterator[Amazon]:
    """The stand-in, ended at the end. It delivers nothing by itself: tests say what happens."""
    port = port or free_port()
    command = [sys.executable, "-m", "sandbox.mail", "--port", str(port), "--state", str(state)]
    command += ["--app-url", app_url, "--sender", SENDER, "--no-delivery"]
    command += ["--access-key-id", ACCESS_KEY_ID, "--secret-access-key", SECRET_ACCESS_KEY]
    process = subprocess.Popen([*command, *options], cwd=ROOT)
    try:
        amazon = Amazon(f"http://127.0.0.1:{port}", port)
        amazon.wait()
        yield amazon
    finally:
        process.terminate()
        process.wait(10)
