"""Faults on demand: what goes wrong, where, how often, and how often it already has.

Invariant: a fault is used up at the moment it is taken, whichever thread takes it.
"""

import itertools
import threading
from dataclasses import asdict, dataclass
from typing import Any

# down: hang up before anything happens   cut: do it, then hang up without an answer
# status: answer `status` instead         slow: wait `seconds`, then go on
# repeat: send a callback twice           hold: keep callbacks until the fault is cleared
KINDS = ("down", "cut", "status", "slow", "repeat", "hold")
SURFACES = ("api", "token", "keys", "save", "callbacks")


class BadFault(ValueError):
    """The fault that was asked for is not one we know."""


@dataclass
class Fault:
    """One thing that goes wrong `times` times (None: until cleared) on `surface` (None: on all)."""

    kind: str
    surface: str | None = None
    times: int | None = 1
    status: int = 503
    seconds: float = 1.0
    id: int = 0
    hits: int = 0

    def matches(self, kinds: tuple[str, ...], surface: str) -> bool:
        """Whether it still waits for a request of this kind and surface."""
        if self.kind not in kinds or (self.times is not None and self.hits >= self.times):
            return False
        return self.surface in (None, surface)


class Faults:
    """The faults that are set; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._faults: list[Fault] = []

    def add(self, asked: dict[str, Any]) -> Fault:
        """Set a fault from its JSON: {"kind", "surface", "times", "status", "seconds"}."""
        unknown = set(asked) - {"kind", "surface", "times", "status", "seconds"}
        if asked.get("kind") not in KINDS or unknown:
            raise BadFault(f"kind must be one of {', '.join(KINDS)}; not known: {sorted(unknown)}")
        if asked.get("surface") not in (None, *SURFACES):
            raise BadFault(f"surface must be one of {', '.join(SURFACES)}")
        fault = Fault(**asked, id=next(self._ids))
        with self._lock:
            self._faults.append(fault)
        return fault

    def take(self, surface: str, *kinds: str) -> Fault | None:
        """Use up one time of the first fault that matches, or return None."""
        with self._lock:
            for fault in self._faults:
                if fault.matches(kinds, surface):
                    fault.hits += 1
                    return fault
        return None

    def is_set(self, surface: str, kind: str) -> bool:
        """Whether a fault of this kind waits; takes nothing."""
        with self._lock:
            return any(fault.matches((kind,), surface) for fault in self._faults)

    def clear(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._faults.clear()

    def as_json(self) -> list[dict[str, Any]]:
        """Every fault with its `hits`, spent ones too."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]
