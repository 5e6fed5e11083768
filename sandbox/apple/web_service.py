"""A phone's side of the PassKit web service: the five calls, and a diary of each.

Invariant: every request that leaves a phone is in its diary, with the answer or why there was none.
https://developer.apple.com/documentation/walletpasses/adding-a-web-service-to-update-passes
"""

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import requests

TIMEOUTS_S = (5.0, 30.0)
USER_AGENT = "passd/1.0 CFNetwork/3826.500.131 Darwin/24.5.0"
PKPASS = "application/vnd.apple.pkpass"

_sessions = threading.local()


class Unreachable(Exception):
    """No answer came: refused, reset, or too late."""


@dataclass(frozen=True)
class Reply:
    """An answer of the web service."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    at: str


@dataclass(frozen=True)
class Address:
    """Where one pass is looked after, and with which secret."""

    url: str  # webServiceURL
    pass_type_id: str
    serial: str
    token: str  # authenticationToken


class WebService:
    """One device's calls."""

    def __init__(self, phone_id: str, device_id: str, diary: deque[dict[str, Any]]) -> None:
        self._phone_id, self._device_id, self._diary = phone_id, device_id, diary

    def download(self, url: str) -> Reply:
        """Fetch a pass as Safari does, redirects followed."""
        return self._send("GET", url, {"Accept": f"{PKPASS}, */*"}, redirects=True)

    def register(self, address: Address, push_token: str) -> Reply:
        """Ask to be told of changes."""
        return self._send("POST", self._registration(address), _authorized(address),
                          {"pushToken": push_token})  # fmt: skip

    def unregister(self, address: Address) -> Reply:
        """Tell that the pass is gone from this device."""
        return self._send("DELETE", self._registration(address), _authorized(address))

    def changed_serials(self, url: str, pass_type_id: str, tag: str | None) -> Reply:
        """Ask which passes of this type changed since `tag` (absent the first time)."""
        query = "" if tag is None else f"?passesUpdatedSince={quote(tag, safe='')}"
        return self._send("GET", f"{self._device(url)}/{quote(pass_type_id, safe='')}{query}")

    def latest_pass(self, address: Address, modified: str | None) -> Reply:
        """Fetch the pass, unless it is still the copy last modified at `modified`."""
        headers = _authorized(address)
        if modified is not None:
            headers["If-Modified-Since"] = modified
        path = f"{quote(address.pass_type_id, safe='')}/{quote(address.serial, safe='')}"
        return self._send("GET", f"{address.url.rstrip('/')}/v1/passes/{path}", headers)

    def log(self, url: str, pass_type_id: str, message: str) -> None:
        """Report an error to the service; whether that succeeds is of no consequence."""
        at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S +0000")
        line = f"[{at}] Web service error for {pass_type_id} ({url}): {message}"
        try:
            self._send("POST", f"{url.rstrip('/')}/v1/log", {}, {"logs": [line]})
        except Unreachable:
            return  # in the diary

    def _device(self, url: str) -> str:
        return f"{url.rstrip('/')}/v1/devices/{self._device_id}/registrations"

    def _registration(self, address: Address) -> str:
        path = f"{quote(address.pass_type_id, safe='')}/{quote(address.serial, safe='')}"
        return f"{self._device(address.url)}/{path}"

    def _send(self, method: str, url: str, headers: dict[str, str] | None = None,
              body: dict[str, Any] | None = None, *, redirects: bool = False) -> Reply:  # fmt: skip
        entry: dict[str, Any] = {"at": _now(), "phone": self._phone_id, "method": method,
                                 "url": url, "sent": body}  # fmt: skip
        started = time.perf_counter()
        try:
            response = _session().request(
                method, url, headers=headers, json=body, timeout=TIMEOUTS_S,
                allow_redirects=redirects,
            )  # fmt: skip
        except requests.RequestException as error:
            entry |= {"status": None, "error": type(error).__name__}
            raise Unreachable(type(error).__name__) from error
        else:
            entry |= {"status": response.status_code, "error": None}
        finally:
            entry["took_ms"] = round((time.perf_counter() - started) * 1000)
            self._diary.append(entry)
        return Reply(response.status_code, response.headers, response.content, _now())


def _authorized(address: Address) -> dict[str, str]:
    return {"Authorization": f"ApplePass {address.token}"}


def _session() -> requests.Session:
    if not hasattr(_sessions, "session"):
        session = requests.Session()
        session.trust_env = False  # a phone knows no proxy of this machine
        session.headers["User-Agent"] = USER_AGENT
        _sessions.session = session
    session = _sessions.session
    assert isinstance(session, requests.Session)
    session.cookies.clear()  # nor the cookies of another phone
    return session


def _now() -> str:
    return datetime.now(UTC).isoformat()
