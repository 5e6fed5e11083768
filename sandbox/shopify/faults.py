"""Faults on demand: each surface can be told to fail, stall, cut, refuse or repeat, n times."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass
from typing import Any

SURFACES = ("graphql", "token", "webhooks", "bulk", "files", "discounts", "credit", "metafields")
MODES = (
    "off",
    "fail",
    "stall",
    "throttle",
    "cut",
    "repeat",
    "shuffle",
    "hold",
    "drop",
    "wrong_hmac",
    "refuse",
)


@dataclass
class Fault:
    """What goes wrong on a surface. `count` None means until it is switched off.

    `topic` narrows it: to a webhook topic, or to the name of a GraphQL operation.
    """

    mode: str
    status: int = 500
    seconds: float = 1.0
    count: int | None = None
    times: int = 2  # deliveries of each webhook in mode repeat
    after: int = 0  # objects that a failing bulk operation still writes
    topic: str | None = None
    code: str = "INTERNAL_ERROR"  # of the userErrors in mode refuse
    field: list[str] | None = None  # at which these point; None: what the call was given


class Faults:
    """The faults in force; one per surface."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: dict[str, Fault] = {}

    def set(self, surface: str, fault: Fault) -> None:
        """Put a fault in force; mode `off` ends what is there."""
        if surface not in SURFACES or fault.mode not in MODES:
            raise ValueError(f"unknown surface or mode: {surface}, {fault.mode}")
        with self._lock:
            self._faults.pop(surface, None)
            if fault.mode != "off":
                self._faults[surface] = fault

    def take(self, surface: str, *modes: str, topic: str | None = None) -> Fault | None:
        """The surface's fault if it is of one of `modes`; counts as one use of it."""
        with self._lock:
            fault = self._faults.get(surface)
            if fault is None or fault.mode not in modes:
                return None
            if fault.topic and topic is not None and fault.topic != topic:
                return None
            if fault.count is not None:
                fault.count -= 1
                if fault.count <= 0:
                    del self._faults[surface]
            return fault

    def stall(self, surface: str, topic: str | None = None) -> None:
        """Sleep if the surface is told to stall."""
        fault = self.take(surface, "stall", topic=topic)
        if fault:
            time.sleep(fault.seconds)

    def current(self) -> dict[str, Any]:
        """What is in force, as JSON."""
        with self._lock:
            return {surface: asdict(fault) for surface, fault in self._faults.items()}
