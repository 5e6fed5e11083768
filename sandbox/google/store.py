"""Classes and objects as Google keeps them, each in a file of its own from start to start.

Invariant: what is answered is on disk; a reader never sees half of a resource.
"""

import copy
import json
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Resource:
    """A class or an object, and what the platform knows of it beyond its content.

    `notices` are the times (epoch seconds) of notifications, `shown` what the phone showed.
    """

    kind: str
    content: dict[str, Any]
    has_users: bool = False
    version: int = 1
    notices: list[float] = field(default_factory=list)
    shown: list[dict[str, Any]] = field(default_factory=list)
    silenced: int = 0
    saved_times: int = 0

    @property
    def id(self) -> str:
        """The resource's own id."""
        return str(self.content["id"])

    def as_json(self) -> dict[str, Any]:
        """The resource as the API answers it."""
        answer = copy.deepcopy(self.content)
        answer["version"] = str(self.version)
        if self.kind == "LoyaltyObject":
            answer["hasUsers"] = self.has_users
        return answer


class Store:
    """All resources; whoever changes one holds `lock` and calls `keep`."""

    def __init__(self, directory: Path) -> None:
        self.lock = threading.RLock()
        self._directory = directory / "resources"
        self._directory.mkdir(parents=True, exist_ok=True)
        self._resources: dict[tuple[str, str], Resource] = {}
        for path in self._directory.glob("*.json"):
            resource = Resource(**json.loads(path.read_text()))
            self._resources[resource.kind, resource.id] = resource

    def find(self, kind: str, resource_id: str) -> Resource | None:
        """The resource, or None."""
        with self.lock:
            return self._resources.get((kind, resource_id))

    def list(self, kind: str) -> list[Resource]:
        """All resources of a kind, oldest first."""
        with self.lock:
            return [found for found in self._resources.values() if found.kind == kind]

    def keep(self, resource: Resource) -> None:
        """Write the resource down."""
        with self.lock:
            self._resources[resource.kind, resource.id] = resource
            path = self._directory / f"{resource.kind}.{resource.id}.json"
            draft = path.with_suffix(".part")
            draft.write_text(json.dumps(asdict(resource)))
            draft.replace(path)

    def forget(self, kind: str, resource_id: str) -> bool:
        """Lose a resource, as no API call could; False if there was none."""
        with self.lock:
            (self._directory / f"{kind}.{resource_id}.json").unlink(missing_ok=True)
            return self._resources.pop((kind, resource_id), None) is not None
