"""A reader at a shop's place, as the device behind it speaks: real HTTP, its own key."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import requests
from flask import Flask
from werkzeug.serving import make_server

from loyalty.actions.readers import add_reader
from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.earning.saving import add_rule
from tests.pos_extension.cast import MAIN_STREET, Till

DANA = Actor("staff", "42")


@dataclass(frozen=True)
class Device:
    """A reader with the key that it was given."""

    url: str
    reader_id: UUID
    key: str

    def tap(self, token: str, **said: Any) -> requests.Response:
        """A card is held to the reader."""
        return self.send({"token": token, "client_key": str(uuid4())} | said)

    def send(self, body: Any, **headers: str) -> requests.Response:
        """POST a body as it is, with the reader's key unless told otherwise."""
        bearer = {"Authorization": f"Bearer {self.key}"}
        address = f"{self.url}/readers/v1/check-ins"
        return requests.post(address, json=body, headers=bearer | headers, timeout=30)


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The app on a real port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def add_device(till: Till, url: str, name: str = "Door") -> Device:
    """A new reader at the shop's Main Street."""
    with shop_transaction(till.shop_id) as session:
        reader, key = add_reader(
            session,
            till.shop_id,
            name=name,
            location_id=MAIN_STREET,
            actor=DANA,
            now=utc_now(),
        )
    return Device(url, reader.id, key)


def reward(till: Till, points: int, limit: str = "week", **changes: Any) -> None:
    """A check-in earns so many points in each period."""
    given = {
        "name": "Visits",
        "kind": "check_in",
        "gives": "fixed",
        "fixed_points": points,
        "limits": {"check_in": limit},
    }
    made_at = changes.pop("made_at", utc_now())
    with shop_transaction(till.shop_id) as session:
        add_rule(session, till.shop_id, given | changes, actor=DANA, now=made_at)
