"""How full each shop's bucket of query cost is, as Shopify last told this process.

It only avoids refusals: Shopify's own THROTTLED answer stays the authority.
"""

import threading
import time
from dataclasses import dataclass
from typing import Any

_WAIT_MAX_S = 15.0


@dataclass(slots=True)
class _Bucket:
    available: float
    restored_per_s: float
    maximum: float
    read_at: float


_lock = threading.Lock()
_buckets: dict[str, _Bucket] = {}
_costs: dict[str, float] = {}


def learn(domain: str, name: str, extensions: Any) -> None:
    """Take over `extensions.cost` of an answer; anything else is ignored."""
    cost = extensions.get("cost") if isinstance(extensions, dict) else None
    status = cost.get("throttleStatus") if isinstance(cost, dict) else None
    if not isinstance(cost, dict) or not isinstance(status, dict):
        return
    with _lock:
        _costs[name] = float(cost.get("requestedQueryCost") or 0)
        _buckets[domain] = _Bucket(
            float(status.get("currentlyAvailable") or 0),
            float(status.get("restoreRate") or 1),
            float(status.get("maximumAvailable") or 0),
            time.monotonic(),
        )


@dataclass(frozen=True, slots=True)
class Budget:
    """How many points a shop's bucket holds, and how many flow back in a second."""

    maximum: int
    restored_per_s: int


def budget_of(domain: str) -> Budget:
    """The shop's budget as Shopify last told; nothing at all before it told any."""
    with _lock:
        bucket = _buckets.get(domain)
        if bucket is None:
            return Budget(0, 0)
        return Budget(int(bucket.maximum), int(bucket.restored_per_s))


def cost_of(name: str) -> int:
    """What Shopify asked for the document when it ran last; 0 when it never ran here."""
    with _lock:
        return int(_costs.get(name, 0))


def seconds_until_room(domain: str, name: str) -> float:
    """How long until the bucket should hold what the document cost last time; 0 when unknown."""
    with _lock:
        bucket, cost = _buckets.get(domain), _costs.get(name, 0.0)
        if bucket is None:
            return 0.0
        restored = (time.monotonic() - bucket.read_at) * bucket.restored_per_s
        missing = min(cost, bucket.maximum) - bucket.available - restored
        return max(0.0, missing / max(bucket.restored_per_s, 0.001))


def wait_for_room(domain: str, name: str) -> None:
    """Sleep until the bucket can hold the document's usual cost, 15 s at most."""
    seconds = seconds_until_room(domain, name)
    if seconds > 0:
        time.sleep(min(seconds, _WAIT_MAX_S))
