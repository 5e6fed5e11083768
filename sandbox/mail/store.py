"""The emails that were taken, and the addresses that Amazon will not send to; kept in a file.

Invariant: what was answered with a message id is on disk, so a kill loses no email.
"""

import json
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Email:
    """One email as SES took it. `is_delivered` is False for a suppressed address."""

    id: str
    at: str
    sender: str
    to: list[str]
    subject: str
    html: str
    text: str
    headers: list[dict[str, str]] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    configuration_set: str | None = None
    reply_to: list[str] = field(default_factory=list)
    is_delivered: bool = True
    events: list[str] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        """The value of a header, whatever its case."""
        found = [h["Value"] for h in self.headers if h["Name"].lower() == name.lower()]
        return found[0] if found else None


class Store:
    """Everything of one account, in `folder`; safe from any thread."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._log = folder / "mail.jsonl"
        self._emails: dict[str, Email] = {}
        self._suppressed: dict[str, str] = {}
        self._confirmed: set[str] = set()
        if self._log.exists():
            for line in self._log.read_text().splitlines():
                if line.endswith("}"):  # a kill may have cut the last one
                    self._take(json.loads(line))

    def add(self, email: Email) -> None:
        """Keep an email."""
        self._write({"email": asdict(email)})

    def note_event(self, email_id: str, kind: str) -> None:
        """Remember that SES reported `kind` of an email."""
        self._write({"event": kind, "id": email_id})

    def suppress(self, address: str, reason: str) -> None:
        """Put an address on the account's suppression list."""
        self._write({"suppress": address.lower(), "reason": reason})

    def unsuppress(self, address: str) -> bool:
        """Take it off; False when it was not there."""
        with self._lock:
            if address.lower() not in self._suppressed:
                return False
            self._write({"unsuppress": address.lower()})
            return True

    def confirm(self, endpoint: str) -> None:
        """Remember that the endpoint has confirmed its subscription."""
        self._write({"confirm": endpoint})

    def is_confirmed(self, endpoint: str) -> bool:
        """Whether notifications go to the endpoint."""
        return endpoint in self._confirmed

    def is_suppressed(self, address: str) -> bool:
        """Whether Amazon keeps emails to the address to itself."""
        return address.lower() in self._suppressed

    def suppressed(self) -> dict[str, str]:
        """Every suppressed address with its reason."""
        with self._lock:
            return dict(self._suppressed)

    def find(self, email_id: str) -> Email | None:
        """The email, or None."""
        return self._emails.get(email_id)

    def emails(self) -> list[Email]:
        """Every email, oldest first."""
        with self._lock:
            return list(self._emails.values())

    def _write(self, line: dict[str, Any]) -> None:
        with self._lock, self._log.open("a") as log:
            log.write(json.dumps(line) + "\n")
            log.flush()
            self._take(line)

    def _take(self, line: dict[str, Any]) -> None:
        if "email" in line:
            email = Email(**line["email"])
            self._emails[email.id] = email
        elif "event" in line:
            self._emails[line["id"]].events.append(line["event"])
        elif "suppress" in line:
            self._suppressed[line["suppress"]] = line["reason"]
        elif "unsuppress" in line:
            self._suppressed.pop(line["unsuppress"], None)
        elif "confirm" in line:
            self._confirmed.add(line["confirm"])
