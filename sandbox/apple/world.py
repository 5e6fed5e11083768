"""Everything the stand-in for Apple is made of, wired together in one place.

Invariant: APNs and the phones share nothing but push tokens.
"""

import itertools
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandbox.apple.apns import Apns
from sandbox.apple.apns_server import ApnsServer
from sandbox.apple.certificates import ensure_certificates
from sandbox.apple.errands import Runner
from sandbox.apple.faults import AppleFaults
from sandbox.apple.phone import Phone
from sandbox.apple.push_tokens import PushTokens
from sandbox.apple.signature import SignatureChecker

RETRY_WAITS_S = (1.0, 3.0, 10.0, 30.0, 60.0)


class World:
    """One Apple: certificates in a directory, an APNs, and phones."""

    def __init__(self, directory: Path, *, pass_type_id: str, team_id: str, apns_port: int = 0,
                 retry_waits_s: Sequence[float] = RETRY_WAITS_S) -> None:  # fmt: skip
        self.files = ensure_certificates(directory, pass_type_id, team_id)
        self.pass_type_id, self.team_id = pass_type_id, team_id
        self.faults, self.tokens = AppleFaults(), PushTokens()
        self.apns = Apns(self.tokens, self.faults)
        self.server = ApnsServer(self.apns, directory, apns_port)
        self.server.start()
        self._runner = Runner(retry_waits_s)
        self._signatures = SignatureChecker(directory / "root.pem")
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._phones: dict[str, Phone] = {}

    @property
    def apns_url(self) -> str:
        """Where APNs is."""
        return f"https://localhost:{self.server.port}"

    def create_phone(self) -> Phone:
        """Return a new phone, online and without passes."""
        phone = Phone(next(self._numbers), self.tokens, self._runner, self._signatures)
        with self._lock:
            self._phones[phone.id] = phone
        return phone

    def find_phone(self, phone_id: str) -> Phone | None:
        """Return the phone or None."""
        return self._phones.get(phone_id)

    def list_phones(self) -> list[Phone]:
        """Return every phone, oldest first."""
        with self._lock:
            return list(self._phones.values())

    def requests(self, limit: int = 200) -> list[dict[str, Any]]:
        """Return the newest requests of all phones, newest first."""
        newest: deque[dict[str, Any]] = deque()
        for phone in self.list_phones():
            newest.extend(list(phone.diary)[-limit:])
        return sorted(newest, key=lambda entry: str(entry["at"]), reverse=True)[:limit]

    def state(self) -> dict[str, Any]:
        """Return counts of what happened so far, as JSON."""
        phones = self.list_phones()
        return {
            "apns_url": self.apns_url,
            "pass_type_id": self.pass_type_id,
            "team_id": self.team_id,
            "files": self.files,
            "pushes": dict(self.apns.counts),
            **self.tokens.counts(),
            "limits": {"pushes_max": self.tokens.pushes_max, "window_s": self.tokens.window_s},
            "faults": self.faults.as_json(),
            "phones": [phone.id for phone in phones],
            "idle": all(phone.line.idle or not phone.online for phone in phones),
        }
