"""Our processes as an operator starts them, against a test's own servers."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet

ROOT = Path(__file__).parents[2]
WAIT_S = 40


def environment(database_url: str, redis_url: str, **more: str) -> dict[str, str]:
    """What a process needs to know; nothing of the machine's own settings."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "SANDBOX": "true",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SHOPIFY_API_KEY": "test-key",
        "SHOPIFY_API_SECRET": "test-secret-" + "x" * 32,
        "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "LINK_SECRET": "test-link-" + "x" * 32,
    } | more


@contextmanager
def running(env: dict[str, str], *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """`python app.py <arguments>`, ended with the block whatever happens in it."""
    process = subprocess.Popen(
        [sys.executable, "app.py", *arguments],
        cwd=ROOT,
        env=env,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def until(condition: Callable[[], object], what: str, timeout_s: float = WAIT_S) -> float:
    """Wait for `condition`; the seconds it took. Fails the test after `timeout_s`."""
    began = time.monotonic()
    while not condition():
        waited = time.monotonic() - began
        assert waited < timeout_s, f"{what}: not within {timeout_s} s"
        time.sleep(0.02)
    return time.monotonic() - began


def children_of(pid: int) -> list[int]:
    """The processes that `pid` started."""
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in listed.stdout.split()]


def is_alive(pid: int) -> bool:
    """Whether `pid` runs and is no zombie."""
    listed = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return bool(listed) and not listed.startswith("Z")
