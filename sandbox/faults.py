"""Faults on demand for a stand-in: what goes wrong, how often, and how often it already has.

Invariant: a fault is used up at the moment it is taken, whichever thread takes it.
"""

import itertools
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Generic, TypeVar


class BadFault(ValueError):
    """The fault that was asked for is not one we know."""


@dataclass
class Fault:
    """One thing that goes wrong `times` times (None: until it is cleared).

    A stand-in adds what its faults say, and where they strike: None there means everywhere.
    """

    kind: str
    times: int | None = 1
    id: int = field(default=0, init=False)
    hits: int = field(default=0, init=False)

    def matches(self, kinds: tuple[str, ...], where: dict[str, Any]) -> bool:
        """Whether it is of one of `kinds`, not used up, and strikes in that place."""
        if self.kind not in kinds or (self.times is not None and self.hits >= self.times):
            return False
        return all(getattr(self, name) in (None, value) for name, value in where.items())


AnyFault = TypeVar("AnyFault", bound=Fault)


class FaultList(Generic[AnyFault]):
    """The faults that are set; safe from any thread."""

    def __init__(
        self, fault: type[AnyFault], *, kinds: Sequence[str], surfaces: Sequence[str] = ()
    ) -> None:
        self._new, self._kinds, self._surfaces = fault, kinds, surfaces
        self._names = {one.name for one in fields(fault) if one.init}
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._faults: list[AnyFault] = []

    def add(self, asked: dict[str, Any]) -> AnyFault:
        """Set a fault from its JSON, which holds the fields of the fault. Raises BadFault."""
        unknown = set(asked) - self._names
        if asked.get("kind") not in self._kinds or unknown:
            known = ", ".join(self._kinds)
            raise BadFault(f"kind must be one of {known}; not known: {sorted(unknown)}")
        if asked.get("surface") not in (None, *self._surfaces):
            raise BadFault(f"surface must be one of {', '.join(self._surfaces)}")
        fault = self._new(**asked)
        fault.id = next(self._ids)
        with self._lock:
            self._faults.append(fault)
        return fault

    def take(self, *kinds: str, **where: Any) -> AnyFault | None:
        """Use up one time of the first fault that matches, or return None.

        `where` names the fault's fields that tell where it strikes: token="…", surface="…".
        """
        with self._lock:
            for fault in self._faults:
                if fault.matches(kinds, where):
                    fault.hits += 1
                    return fault
        return None

    def is_set(self, kind: str, **where: Any) -> bool:
        """Whether a fault of this kind waits; takes nothing."""
        with self._lock:
            return any(fault.matches((kind,), where) for fault in self._faults)

    def clear(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._faults.clear()

    def as_json(self) -> list[dict[str, Any]]:
        """Every fault with its `hits`, spent ones too."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]
