"""Pushes to APNs over one long-lived HTTP/2 connection per certificate, many at a time.

A pass push has no words: an empty payload makes the device ask our web service what changed.
"""

import json
import os
import threading
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import pycurl
from prometheus_client import Counter as Metric

from wallet import setup
from wallet.setup import AppleSettings

Verdict = Literal["ok", "gone", "retry", "dead"]
results_total = Metric("encore_apns_results_total", "Pushes by what became of them", ("verdict",))

_CONNECT_TIMEOUT_MS, _TIMEOUT_MS = 5_000, 15_000
_IDLE_MAX_S = 30 * 60
_POLL_S = 1
# Our own files are wrong: another try would fail alike. Not so a server that we do not trust: a
# proxy, the clock or the list of authorities may be mended within the day.
_CERTIFICATE_ERRORS = (pycurl.E_SSL_CERTPROBLEM, pycurl.E_SSL_CACERT_BADFILE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one push; `gone_at` is since when APNs knows that the token is dead."""

    verdict: Verdict
    reason: str = ""
    gone_at: datetime | None = None


class Pump:
    """Pushes for one certificate. Calls from several threads take turns."""

    def __init__(self, settings: AppleSettings, *, in_flight_max: int = 200) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, 1)
        self._idle: list[_Push] = []
        self._in_flight_max = in_flight_max

    def push(self, push_tokens: Sequence[str]) -> dict[str, Outcome]:
        """Push to each distinct token once, all at the same time; one outcome for each."""
        with self._lock:
            outcomes = self._run(deque(dict.fromkeys(push_tokens)))
        counts = Counter(outcome.verdict for outcome in outcomes.values())
        for verdict, count in counts.items():
            results_total.labels(verdict).inc(count)
        return outcomes

    def _run(self, waiting: deque[str]) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        active: dict[pycurl.Curl, _Push] = {}
        while waiting or active:
            while waiting and len(active) < self._in_flight_max:
                push = self._idle.pop() if self._idle else _Push(self._settings)
                push.aim(waiting.popleft())
                active[push.curl] = push
                self._multi.add_handle(push.curl)
            self._multi.perform()
            for curl, outcome in self._finished():
                push = active.pop(curl)
                outcomes[push.push_token] = outcome or push.read()
                self._multi.remove_handle(curl)
                self._idle.append(push)
            if active:
                self._multi.select(_POLL_S)
        return outcomes

    def _finished(self) -> list[tuple[pycurl.Curl, Outcome | None]]:
        """The handles that are done, with the outcome of those that got no answer."""
        ended: list[tuple[pycurl.Curl, Outcome | None]] = []
        remaining = 1
        while remaining:
            remaining, answered, failed = self._multi.info_read()
            ended += [(curl, None) for curl in answered]
            ended += [(curl, _unanswered(code, text)) for curl, code, text in failed]
        return ended


class _Push:
    """A reusable request: the handle keeps its connection, only the address changes."""

    def __init__(self, settings: AppleSettings) -> None:
        self.push_token = ""
        self._base_url = settings.apns_url
        self._answer: list[bytes] = []
        self.curl = pycurl.Curl()
        for option, value in _options(settings):
            self.curl.setopt(option, value)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._answer.append)

    def aim(self, push_token: str) -> None:
        self.push_token = push_token
        self._answer.clear()
        self.curl.setopt(pycurl.URL, f"{self._base_url}/3/device/{push_token}")

    def read(self) -> Outcome:
        return classify(self.curl.getinfo(pycurl.RESPONSE_CODE), b"".join(self._answer))


def shared_pump() -> Pump:
    """This process's pump for the configured certificate; a fork gets one of its own."""
    global _shared
    settings = setup.apple()
    with _shared_lock:
        if _shared is None or _shared[0] != (os.getpid(), settings):
            _shared = ((os.getpid(), settings), Pump(settings))
        return _shared[1]


def classify(status: int, body: bytes) -> Outcome:
    """What APNs meant by an answer: https://developer.apple.com/documentation/usernotifications."""
    if status == 200:
        return _ACCEPTED
    reason, gone_at = _read_refusal(body)
    named = f"{status} {reason}".strip()
    if status == 410:
        return Outcome("gone", named, gone_at)
    if reason == "BadDeviceToken":
        return Outcome("gone", named)
    if status == 429 or status >= 500:
        return Outcome("retry", named)
    return Outcome("dead", named)


_ACCEPTED = Outcome("ok")

_shared: tuple[tuple[int, AppleSettings], Pump] | None = None
_shared_lock = threading.Lock()


def _options(settings: AppleSettings) -> list[tuple[int, object]]:
    headers = [f"apns-topic: {settings.pass_type_id}", "apns-push-type: background"]
    options: list[tuple[int, object]] = [
        (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS),
        (pycurl.PIPEWAIT, 1),
        (pycurl.POSTFIELDS, "{}"),
        (pycurl.HTTPHEADER, [*headers, "apns-priority: 5", "content-type: application/json"]),
        (pycurl.SSLCERT, str(settings.cert_file)),
        (pycurl.SSLKEY, str(settings.key_file)),
        (pycurl.CONNECTTIMEOUT_MS, _CONNECT_TIMEOUT_MS),
        (pycurl.TIMEOUT_MS, _TIMEOUT_MS),
        (pycurl.MAXAGE_CONN, _IDLE_MAX_S),
        (pycurl.TCP_KEEPALIVE, 1),
        (pycurl.NOSIGNAL, 1),
    ]
    if settings.apns_ca_file is not None:
        options.append((pycurl.CAINFO, str(settings.apns_ca_file)))
    return options


def _unanswered(code: int, text: str) -> Outcome:
    return Outcome("dead" if code in _CERTIFICATE_ERRORS else "retry", f"no answer: {text}")


def _read_refusal(body: bytes) -> tuple[str, datetime | None]:
    try:
        refusal = json.loads(body)
        timestamp_ms = refusal.get("timestamp")
        since = datetime.fromtimestamp(timestamp_ms / 1000, UTC) if timestamp_ms else None
        return str(refusal.get("reason", ""))[:100], since
    except (ValueError, AttributeError, TypeError, OverflowError):
        return "", None
