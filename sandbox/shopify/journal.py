"""What the stand-in received and sent, newest last: the `/received` page reads it."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .clock import utc_now

KEPT = 3000


@dataclass
class Received:
    """A request that came in. `note` says what it was: a GraphQL operation, a grant."""

    method: str
    path: str
    status: int = 0
    note: str = ""
    at: datetime = field(default_factory=utc_now)


class Journal:
    """A bounded list of requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: deque[Received] = deque(maxlen=KEPT)

    def write(self, entry: Received) -> None:
        """Note one request."""
        with self._lock:
            self._requests.append(entry)

    def requests(self) -> list[Received]:
        """The requests kept, oldest first."""
        with self._lock:
            return list(self._requests)

    def as_json(self) -> list[dict[str, Any]]:
        """The same, for the control surface."""
        return [
            {
                "at": entry.at.isoformat(),
                "method": entry.method,
                "path": entry.path,
                "status": entry.status,
                "note": entry.note,
            }
            for entry in self.requests()
        ]
