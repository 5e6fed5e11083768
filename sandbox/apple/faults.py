"""Faults on demand: what goes wrong, how often, and how often it already has.

Invariant: a fault is used up at the moment it is taken, whichever thread takes it.
"""

import itertools
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

# status: answer `status` with `reason`      stall: answer after `seconds`, or never if null
# cut: GOAWAY, then close                    drop: close without a word
# refuse: nobody listens on the port         repeat: deliver the push to the phone twice
KINDS = ("status", "stall", "cut", "drop", "refuse", "repeat")


class BadFault(ValueError):
    """The fault that was asked for is not one we know."""


@dataclass
class Fault:
    """One thing that goes wrong `times` times (None: until it is cleared)."""

    kind: str
    times: int | None = 1
    status: int = 503
    reason: str = "ServiceUnavailable"
    seconds: float | None = None
    token: str | None = None
    id: int = 0
    hits: int = field(default=0)

    def matches(self, kinds: tuple[str, ...], token: str | None) -> bool:
        """Return whether it still waits for a request of this kind and token."""
        if self.kind not in kinds or (self.times is not None and self.hits >= self.times):
            return False
        return self.token is None or self.token == token


class Faults:
    """The faults that are set; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._faults: list[Fault] = []

    def add(self, asked: dict[str, Any]) -> Fault:
        """Set a fault from its JSON: {"kind", "times", "status", "reason", "seconds", "token"}."""
        unknown = set(asked) - {"kind", "times", "status", "reason", "seconds", "token"}
        if asked.get("kind") not in KINDS or unknown:
            raise BadFault(f"kind must be one of {', '.join(KINDS)}; not known: {sorted(unknown)}")
        fault = Fault(**asked, id=next(self._ids))
        with self._lock:
            self._faults.append(fault)
        return fault

    def take(self, *kinds: str, token: str | None = None) -> Fault | None:
        """Use up one time of the first fault that matches, or return None."""
        with self._lock:
            for fault in self._faults:
                if fault.matches(kinds, token):
                    fault.hits += 1
                    return fault
        return None

    def is_set(self, kind: str) -> bool:
        """Return whether a fault of this kind waits."""
        with self._lock:
            return any(fault.matches((kind,), fault.token) for fault in self._faults)

    def clear(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._faults.clear()

    def as_json(self) -> list[dict[str, Any]]:
        """Return every fault with its `hits`, spent ones too."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]
