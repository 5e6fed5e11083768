"""Delivers webhooks over HTTP by Shopify's rules: 1 s to connect, 5 s in all, 8 retries over 4 h.

Every attempt sends the bytes of the first one. Nothing promises an order.
"""

from __future__ import annotations

import base64
import hashlib
import heapq
import hmac
import itertools
import random
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import requests

from ..faults import Faults
from ..settings import Settings

CONNECT_TIMEOUT_S, TOTAL_TIMEOUT_S = 1.0, 5.0
RETRIES = 8
RETRY_SPAN_S = 4 * 3600
WORKERS = 4
KEPT = 20_000


@dataclass
class Delivery:
    """One webhook on its way to one subscriber."""

    webhook_id: str
    event_id: str
    shop: str
    topic: str
    url: str
    headers: dict[str, str]
    body: bytes
    made_at: datetime
    state: str = "waiting"  # waiting, held, delivered, retrying, failed, dropped
    attempts: list[str] = field(default_factory=list)
    on_failure: Callable[[], None] | None = None


def _copy(delivery: Delivery) -> Delivery:
    webhook_id = str(uuid.uuid4())
    headers = delivery.headers | {"X-Shopify-Webhook-Id": webhook_id}
    return replace(delivery, webhook_id=webhook_id, headers=headers, state="waiting", attempts=[])


class Sender:
    """A few threads that send what is due."""

    def __init__(self, settings: Settings, faults: Faults) -> None:
        self.settings, self.faults = settings, faults
        self.time_scale = settings.time_scale
        self.sign_with_old = False
        self.log: deque[Delivery] = deque(maxlen=KEPT)
        self._due: list[tuple[float, int, Delivery]] = []
        self._held: list[Delivery] = []
        self._ticket = itertools.count()
        self._ready = threading.Condition()
        self._busy = 0

    def start(self) -> None:
        """Start the threads; they end with the process."""
        for _ in range(WORKERS):
            threading.Thread(target=self._work, daemon=True, name="webhooks").start()

    def send(self, delivery: Delivery) -> None:
        """Queue a new delivery; the faults in force decide what becomes of it."""
        self.log.append(delivery)
        if self.faults.take("webhooks", "drop", topic=delivery.topic):
            delivery.state = "dropped"
        elif self.faults.take("webhooks", "hold", "shuffle", topic=delivery.topic):
            delivery.state = "held"
            self._held.append(delivery)
        else:
            repeat = self.faults.take("webhooks", "repeat", topic=delivery.topic)
            for _ in range(repeat.times if repeat else 1):
                self._queue(delivery, 0.0)

    def release(self, *, shuffled: bool) -> int:
        """Send what was held, in order or not; how many that were."""
        held, self._held = self._held, []
        if shuffled:
            random.shuffle(held)
        for delivery in held:
            self._queue(delivery, 0.0)
        return len(held)

    def replay(self, *, shop: str | None, times: int, new_ids: bool = False) -> int:
        """Send everything that was ever sent again, `times` times, shuffled.

        With `new_ids` each copy is a delivery of its own, as when two subscriptions overlap.
        """
        known = [d for d in self.log if shop in (None, d.shop)] * times
        if new_ids:
            known = [_copy(delivery) for delivery in known]
            self.log.extend(known)
        random.shuffle(known)
        for delivery in known:
            self._queue(delivery, 0.0)
        return len(known)

    def is_idle(self) -> bool:
        """Nothing due now, nothing on its way; what waits for a retry does not count."""
        with self._ready:
            soon = time.monotonic() + 0.05
            return self._busy == 0 and not (self._due and self._due[0][0] <= soon)

    def _queue(self, delivery: Delivery, delay_s: float) -> None:
        with self._ready:
            due_at = time.monotonic() + delay_s
            heapq.heappush(self._due, (due_at, next(self._ticket), delivery))
            self._ready.notify()

    def _work(self) -> None:
        session = requests.Session()
        while True:
            delivery = self._next()
            try:
                self._attempt(session, delivery)
            finally:
                with self._ready:
                    self._busy -= 1

    def _next(self) -> Delivery:
        """The next delivery that is due; waits for it."""
        with self._ready:
            while True:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    self._busy += 1
                    return heapq.heappop(self._due)[2]
                self._ready.wait(wait)

    def _attempt(self, session: requests.Session, delivery: Delivery) -> None:
        """Send once; anything but a 2xx in time is tried again later."""
        outcome = self._post(session, delivery)
        delivery.attempts.append(outcome)
        if outcome.startswith("2"):
            delivery.state = "delivered"
            return
        retries = len(delivery.attempts) - 1
        if retries >= RETRIES:
            delivery.state = "failed"
            if delivery.on_failure:
                delivery.on_failure()
            return
        if delivery.state != "delivered":  # a repeat that failed does not undo the first
            delivery.state = "retrying"
        self._queue(delivery, retry_delay_s(retries) * self.time_scale)

    def _post(self, session: requests.Session, delivery: Delivery) -> str:
        """The status code of an attempt, or the name of what went wrong."""
        headers = {**delivery.headers, "X-Shopify-Hmac-Sha256": self._hmac(delivery)}
        self.faults.stall("webhooks")
        started = time.monotonic()
        try:
            answer = session.post(
                delivery.url,
                data=delivery.body,
                headers=headers,
                timeout=(CONNECT_TIMEOUT_S, TOTAL_TIMEOUT_S),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            return type(error).__name__
        if time.monotonic() - started > TOTAL_TIMEOUT_S:
            return "TooSlow"
        return str(answer.status_code)

    def _hmac(self, delivery: Delivery) -> str:
        """Base64 HMAC of the raw body; a wrong one when the fault says so."""
        secret = self.settings.client_secret
        if self.sign_with_old and self.settings.old_client_secret:
            secret = self.settings.old_client_secret
        if self.faults.take("webhooks", "wrong_hmac", topic=delivery.topic):
            secret = "not the secret of this app, by order"
        digest = hmac.new(secret.encode(), delivery.body, hashlib.sha256).digest()
        return base64.b64encode(digest).decode()


def retry_delay_s(retry: int) -> float:
    """Seconds before the retry with this number (from 0): they double, and span 4 hours."""
    return RETRY_SPAN_S * 2.0**retry / (2**RETRIES - 1)


def as_json(delivery: Delivery) -> dict[str, Any]:
    """A delivery for the control surface; the body as text."""
    return {
        "webhook_id": delivery.webhook_id,
        "event_id": delivery.event_id,
        "shop": delivery.shop,
        "topic": delivery.topic,
        "url": delivery.url,
        "made_at": delivery.made_at.isoformat(),
        "state": delivery.state,
        "attempts": delivery.attempts,
        "body": delivery.body.decode(),
    }
