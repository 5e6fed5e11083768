"""Tells the class's address of each save and delete, signed, again until it is heard.

Invariant: a message keeps its nonce however often it is sent.
"""

import contextlib
import queue
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import requests

from sandbox.google.faults import GoogleFaults
from sandbox.google.signing import Keyring
from sandbox.google.store import Resource, Store
from sandbox.google.wire import Journal

RETRY_WAITS_S = (0.5, 2.0, 5.0, 15.0, 30.0, 60.0)
LIFETIME_S = 3600
MUTATIONS = (
    *("expired", "tampered", "replayed", "non_ascii", "foreign_key", "expired_key"),
    *("other_class", "other_recipient", "late"),
)


@dataclass
class Sent:
    """A callback on its way: where to, what, and when the next attempt is due."""

    url: str
    envelope: dict[str, Any]
    attempts: int = 0
    due_at: float = 0.0


class Callbacks:
    """The sender; one thread, in order, retried with growing waits."""

    def __init__(
        self,
        issuer_id: str,
        store: Store,
        keys: Keyring,
        faults: GoogleFaults,
        journal: Journal,
        waits_s: Sequence[float] = RETRY_WAITS_S,
    ) -> None:
        self._issuer_id, self._store, self._keys = issuer_id, store, keys
        self._faults, self._journal, self._waits_s = faults, journal, tuple(waits_s)
        self._queue: queue.SimpleQueue[Sent] = queue.SimpleQueue()
        self._waiting: list[Sent] = []
        self._last_expiry = 0
        self._lock = threading.Lock()
        self._open = 0
        self._newest: dict[str, dict[str, Any]] = {}
        threading.Thread(target=self._run, name="callbacks", daemon=True).start()

    def tell(self, resource: Resource, event: str) -> None:
        """Queue the callback of an object's save or delete, if its class wants any."""
        url = self._url(resource)
        if url is None:
            return
        envelope = self.sign(resource, event)
        self._newest[resource.id] = envelope
        with self._lock:
            self._open += 1
        self._queue.put(Sent(url, envelope))

    def sign(self, resource: Resource, event: str) -> dict[str, Any]:
        """A genuine callback, signed and not sent."""
        return self._keys.sign(self._message(resource, event), self._issuer_id)

    def send_mutated(self, resource: Resource, event: str, mutation: str) -> int:
        """Send a callback with something special about it, now; the status it got."""
        url = self._url(resource)
        if url is None or mutation not in MUTATIONS:
            raise ValueError(f"no callback address, or not one of {', '.join(MUTATIONS)}")
        return self._post(url, self._mutated(resource, event, mutation))

    @property
    def is_idle(self) -> bool:
        """Whether every callback was heard or given up."""
        with self._lock:
            return self._open == 0

    def _mutated(self, resource: Resource, event: str, mutation: str) -> dict[str, Any]:
        if mutation == "replayed":
            return self._newest[resource.id]
        message = self._message(resource, event)
        recipient, keys, key_lives_s = self._issuer_id, self._keys, 3600.0
        if mutation == "expired":
            message["expTimeMillis"] = int((time.time() - 60) * 1000)
        elif mutation == "late":
            message["expTimeMillis"] = int((time.time() + LIFETIME_S / 2) * 1000)
        elif mutation == "non_ascii":
            message["nonce"] = f"ñandú-東京-{message['nonce']}"
        elif mutation == "other_class":
            message["classId"] = f"{self._issuer_id}.somebody-else"
        elif mutation == "other_recipient":
            recipient = "3388000000000000000"
        elif mutation == "foreign_key":
            keys = Keyring()
        elif mutation == "expired_key":
            key_lives_s = -60.0
        envelope = keys.sign(message, recipient, key_lives_s=key_lives_s)
        if mutation == "tampered":
            other = "del" if event == "save" else "save"
            envelope["signedMessage"] = envelope["signedMessage"].replace(event, other)
        else:
            self._newest[resource.id] = envelope
        return envelope

    def _message(self, resource: Resource, event: str) -> dict[str, Any]:
        with self._lock:
            expiry = int((time.time() + LIFETIME_S) * 1000)
            self._last_expiry = max(expiry, self._last_expiry + 1)
            expiry = self._last_expiry
        return {
            "classId": resource.content["classId"],
            "objectId": resource.id,
            "expTimeMillis": expiry,
            "eventType": event,
            "nonce": secrets.token_hex(16),
        }

    def _url(self, resource: Resource) -> str | None:
        of_object = self._store.find("LoyaltyClass", resource.content["classId"])
        if of_object is None:
            return None
        url = of_object.content.get("callbackOptions", {}).get("url")
        return str(url) if url else None

    def _run(self) -> None:
        while True:
            with contextlib.suppress(queue.Empty):
                self._waiting.append(self._queue.get(timeout=0.05))
            if not self._faults.is_set("hold", surface="callbacks"):
                self._send_due()

    def _send_due(self) -> None:
        due = [sent for sent in self._waiting if sent.due_at <= time.monotonic()]
        for sent in due:
            self._waiting.remove(sent)
            twice = self._faults.take("repeat", surface="callbacks") is not None
            statuses = [self._post(sent.url, sent.envelope) for _ in range(1 + twice)]
            if 200 <= statuses[0] < 300 or sent.attempts >= len(self._waits_s):
                with self._lock:
                    self._open -= 1
                continue
            sent.due_at = time.monotonic() + self._waits_s[sent.attempts]
            sent.attempts += 1
            self._waiting.append(sent)

    def _post(self, url: str, envelope: dict[str, Any]) -> int:
        try:
            status = requests.post(url, json=envelope, timeout=10).status_code
        except requests.RequestException:
            status = 0
        self._journal.write("out", "POST", url, status, body=envelope)
        return status
