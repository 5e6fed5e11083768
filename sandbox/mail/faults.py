"""Faults on demand: what goes wrong with SES, how often, and how often it already has.

Invariant: a fault is used up at the moment it is taken, whichever thread takes it.
"""

import itertools
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

# status: answer `status`, with SES's `code` if there is one     slow: answer after `seconds`
# drop: close the connection, the email is not taken             cut: take it, then close
# down: nobody listens on the port for `seconds`
KINDS = ("status", "slow", "drop", "cut", "down")


class BadFault(ValueError):
    """The fault that was asked for is not one we know."""


@dataclass
class Fault:
    """One thing that goes wrong `times` times (None: until it is cleared)."""

    kind: str
    times: int | None = 1
    status: int = 429
    code: str | None = "TooManyRequestsException"
    seconds: float = 1.0
    id: int = 0
    hits: int = field(default=0)

    def waits(self, kinds: tuple[str, ...]) -> bool:
        """Whether it is of one of `kinds` and not used up."""
        return self.kind in kinds and (self.times is None or self.hits < self.times)


class Faults:
    """The faults that are set; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._faults: list[Fault] = []

    def add(self, asked: dict[str, Any]) -> Fault:
        """Set a fault from its JSON: {"kind", "times", "status", "code", "seconds"}."""
        unknown = set(asked) - {"kind", "times", "status", "code", "seconds"}
        if asked.get("kind") not in KINDS or unknown:
            raise BadFault(f"kind must be one of {', '.join(KINDS)}; not known: {sorted(unknown)}")
        fault = Fault(**asked, id=next(self._ids))
        with self._lock:
            self._faults.append(fault)
        return fault

    def take(self, *kinds: str) -> Fault | None:
        """Use up one time of the first fault of one of `kinds`, or return None."""
        with self._lock:
            for fault in self._faults:
                if fault.waits(kinds):
                    fault.hits += 1
                    return fault
        return None

    def clear(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._faults.clear()

    def as_json(self) -> list[dict[str, Any]]:
        """Every fault with its `hits`, spent ones too."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]
