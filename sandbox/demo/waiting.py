"""Waiting for an address to answer."""

import urllib.error
import urllib.request

from sandbox.servers.launching import wait_until


def wait_for_http(url: str, *, timeout_s: int = 180) -> None:
    """Return once `url` answers 200."""
    wait_until(lambda: _answers(url), timeout_s=timeout_s, what=url)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False
