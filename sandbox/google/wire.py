"""How faults look on the wire, and the journal of what came: around each request of a surface."""

import socket
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

from flask import Flask, Response, g, request

from sandbox.google.clock import utc_now
from sandbox.google.faults import GoogleFaults
from sandbox.google.refusals import Refusal

KEPT = 2000
_SURFACES = {"/walletobjects/": "api", "/token": "token", "/gp/m/": "keys", "/gp/v/": "save"}


@dataclass
class Entry:
    """A request that came in, or a callback that went out."""

    at: str
    direction: str
    method: str
    path: str
    status: int
    body: Any = None
    note: str = ""


class Journal:
    """A bounded list of entries, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=KEPT)

    def write(self, direction: str, method: str, path: str, status: int, **more: Any) -> None:
        """Note one request; status 0 means that no answer was given or got."""
        entry = Entry(utc_now().isoformat(), direction, method, path, status, **more)
        with self._lock:
            self._entries.append(entry)

    def as_json(self) -> list[dict[str, Any]]:
        """The entries kept."""
        with self._lock:
            return [asdict(entry) for entry in self._entries]


def watch(app: Flask, faults: GoogleFaults, journal: Journal) -> None:
    """Note each request of Google's surfaces, and let faults befall it."""

    @app.before_request
    def befall() -> Response | None:
        g.surface = surface = _surface(request.path)
        if surface is None:
            return None
        if slow := faults.take("slow", surface=surface):
            time.sleep(slow.seconds)
        if faults.take("down", surface=surface):
            return _hang_up()
        if fault := faults.take("status", surface=surface):
            return Refusal(fault.status, "A fault was asked for.").answer()
        return None

    @app.after_request
    def note(response: Response) -> Response:
        surface = g.get("surface")
        if surface is None:
            return response
        status = response.status_code
        if not g.get("hung_up") and faults.take("cut", surface=surface):
            response = _hang_up()
        body = request.get_json(silent=True) if request.is_json else None
        note = "hung up" if g.get("hung_up") else ""
        journal.write("in", request.method, request.path, status, body=body, note=note)
        return response


def _surface(path: str) -> str | None:
    return next((name for start, name in _SURFACES.items() if path.startswith(start)), None)


def _hang_up() -> Response:
    """Close the connection under the answer: the client sees it break off."""
    g.hung_up = True
    connection = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    return Response(status=503)
