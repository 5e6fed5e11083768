"""A stand-in for Google in a process of its own, and our web service on a real port."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.serving import make_server

from loyalty.base.db import shop_transaction
from loyalty.members.tables import TimelineEvent
from tests.sandbox.google.stand_in import ISSUER_ID, StandIn, start
from tests.wallet.cast import Cardholder
from wallet import setup, web
from wallet.google import client as google_client
from wallet.google import root_keys
from wallet.google import web as google_web
from wallet.google.subscriber import open_object, refresh_member
from wallet.google.tables import GoogleNotice, GoogleObject
from wallet.hops import PushHop
from wallet.pacing import PAUSE
from wallet.setup import GoogleSettings, WalletSettings


@pytest.fixture(scope="package")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    stand_in = start(tmp_path_factory.mktemp("google"))
    yield stand_in
    assert stand_in.stop() == 0


@pytest.fixture
def google(_running: StandIn, database: None) -> Iterator[StandIn]:
    """Google's side, known to our wallet. Its faults and limits end with the test."""
    configure(_running, "http://localhost:1")
    root_keys.forget()
    yield _running
    _running.call("DELETE", "/_control/faults")
    limits = {"per_second": 20, "notices_per_day": 3}
    _running.call("PUT", "/_control/limits", limits)
    setup._settings = None


@pytest.fixture
def app(google: StandIn) -> Flask:
    """The wallet's blueprints alone."""
    app = Flask("wallet")
    for blueprint in (web.blueprint, google_web.google, google_web.google_card):
        app.register_blueprint(blueprint)
    return app


@pytest.fixture
def app_url(app: Flask, google: StandIn) -> Iterator[str]:
    """The wallet on a real port, for callbacks to reach."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://localhost:{server.server_port}"
    configure(google, url)
    yield url
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def alices(app_url: str, google: StandIn, alice: Cardholder) -> "Card":
    """Alice's card, on her phone."""
    card = open_card(google, alice)
    card.save()
    return card


@dataclass(frozen=True)
class Card:
    """A member's card: our row of it, and Google's copy."""

    google: StandIn
    holder: Cardholder
    row_id: UUID
    object_id: str

    @property
    def row(self) -> GoogleObject:
        """Our row as it is now."""
        with shop_transaction(self.holder.shop_id) as session:
            return session.get_one(GoogleObject, (self.holder.shop_id, self.row_id))

    @property
    def theirs(self) -> Any:
        """Google's copy: content, has_users, shown, silenced."""
        return self.google.call("GET", f"/_control/objects/{self.object_id}")

    @property
    def points(self) -> int:
        """The balance that Google shows."""
        return int(self.theirs["content"]["loyaltyPoints"]["balance"]["int"])

    def save(self) -> None:
        """Put it on the phone, and wait until we were told."""
        self.google.call("POST", "/_control/save", {"object_id": self.object_id})
        self.google.settle()

    def delete(self) -> None:
        """Take it off the phone, and wait until we were told."""
        self.google.call("POST", "/_control/delete", {"object_id": self.object_id})
        self.google.settle()

    def refresh(self) -> None:
        """Let the subscriber run, later than the pause between two pushes."""
        with shop_transaction(self.holder.shop_id) as session:
            row = session.get_one(GoogleObject, (self.holder.shop_id, self.row_id))
            if row.sent_at is not None:
                row.sent_at -= PAUSE
        refresh_member(self.holder.shop_id, self.holder.member_id)

    def callback(self, mutation: str, event: str = "save") -> int:
        """Let a special callback come; the status that we answered."""
        body = {"object_id": self.object_id, "event": event, "mutation": mutation}
        return int(self.google.call("POST", "/_control/callback", body)["status"])

    def changes(self) -> list[tuple[str, int]]:
        """(method, status) of what we asked of Google for this object, after its insertion."""
        path = f"/walletobjects/v1/loyaltyObject/{self.object_id}"
        return [(method, status) for method, _, status in self.google.requests_in(path)]

    def pushes(self) -> list[str]:
        """The timeline's words on pushes, oldest first."""
        return [kind for kind in self.holder.timeline() if kind.startswith("push_")]

    def details(self, kind: str) -> list[dict[str, Any]]:
        """What the timeline says with each event of `kind`."""
        with shop_transaction(self.holder.shop_id) as session:
            events = session.scalars(
                select(TimelineEvent).where(TimelineEvent.kind == kind).order_by(TimelineEvent.id)
            )
            return [event.details for event in events]

    def hops(self) -> list[tuple[int, str]]:
        """(revision, hop) of this card, in the order of their making."""
        with shop_transaction(self.holder.shop_id) as session:
            found = session.scalars(
                select(PushHop)
                .where(PushHop.pass_id == self.row_id)
                .order_by(PushHop.at, PushHop.revision)
            )
            return [(hop.revision, hop.hop) for hop in found]

    def notices(self) -> list[str]:
        """The kinds of the notices that count."""
        with shop_transaction(self.holder.shop_id) as session:
            found = session.scalars(select(GoogleNotice).order_by(GoogleNotice.revision))
            return [notice.kind for notice in found]


def open_card(google: StandIn, holder: Cardholder) -> Card:
    """Make the member's card at Google, as the save page does."""
    row = open_object(holder.shop_id, holder.member_id)
    return Card(google, holder, row.id, row.object_id)


def configure(google: StandIn, app_url: str) -> None:
    """Tell the wallet of this process where Google and we are."""
    google_client._client.cache_clear()
    setup.configure(
        WalletSettings(
            app_url=app_url,
            link_secret=b"a link secret of the tests, 32 b",
            apple=None,
            google=GoogleSettings(
                issuer_id=ISSUER_ID,
                service_account_file=google.account_file,
                wallet_url=google.url,
                save_url=f"{google.url}/gp/v/save",
                keys_url=f"{google.url}/gp/m/issuer/keys",
            ),
        )
    )
