"""The till's memory: the faults in force and what happened, for people and tests."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from .extension import Extension
from .settings import Settings
from .shopify import Shopify

MODES = ("lose_request", "lose_answer", "fail", "stall")
NOTED_MAX = 500


@dataclass
class Fault:
    """What becomes of the till's next `count` requests whose path contains `path`."""

    mode: str
    count: int = 1
    path: str = ""
    status: int = 503
    seconds: float = 1.0


@dataclass
class World:
    """Shared by all pages of this process; `lock` guards faults and notes."""

    settings: Settings
    extension: Extension
    faults: list[Fault] = field(default_factory=list)
    notes: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=NOTED_MAX))
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def shopify(self) -> Shopify:
        """The stand-in that this till belongs to."""
        return Shopify(self.settings.shopify_url)

    def set_fault(self, wanted: dict[str, Any]) -> None:
        """Add a fault; mode `off` ends them all. ValueError for an unknown mode."""
        with self.lock:
            if wanted.get("mode") == "off":
                self.faults.clear()
                return
            fault = Fault(**wanted)
            if fault.mode not in MODES or fault.count < 1:
                raise ValueError(f"mode is one of {', '.join(MODES)}, count 1 or more")
            self.faults.append(fault)

    def take_fate(self, path: str) -> Fault | None:
        """The fault that strikes a request now; counts as one use of it."""
        with self.lock:
            fault = next((fault for fault in self.faults if fault.path in path), None)
            if fault is None:
                return None
            fault.count -= 1
            if fault.count == 0:
                self.faults.remove(fault)
            return fault

    def current_faults(self) -> list[dict[str, Any]]:
        """What is in force, as JSON."""
        with self.lock:
            return [asdict(fault) for fault in self.faults]

    def note(self, kind: str, **facts: Any) -> None:
        """Write down what happened at the till."""
        with self.lock:
            self.notes.append({"at": time.strftime("%H:%M:%S"), "kind": kind, **facts})

    def noted(self) -> list[dict[str, Any]]:
        """What happened, newest first."""
        with self.lock:
            return list(self.notes)[::-1]
