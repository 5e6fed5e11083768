"""Aurora with Alice and Borealis with Bob, committed; a stand-in for Apple, and our web service."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from jobs.privacy.gathering import hold_member
from mailing import setup as mail_setup
from mailing.permission import why_blocked
from mailing.setup import CardLinks, MailSettings
from sandbox.apple.world import World
from tests.wallet.cast import Cardholder, enrol
from tests.wallet.certificates import PASS_TYPE_ID, TEAM_ID, PassChain, write_chain
from wallet import codes, go, own_data, own_details, reward_forms, setup, web
from wallet.apple import web_service
from wallet.google import web as google_web
from wallet.setup import AppleSettings, WalletSettings


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> PassChain:
    """Certificates that every signing test shares; making their keys takes a second."""
    return write_chain(tmp_path_factory.mktemp("chain"))


@pytest.fixture
def alice(database: None) -> Cardholder:
    """A member of Aurora with no points."""
    return enrol("aurora", "Alice", customer_id=501)


@pytest.fixture
def bob(database: None) -> Cardholder:
    """A member of Borealis, who must never see Aurora."""
    return enrol("borealis", "Bob", customer_id=502)


@pytest.fixture(scope="session")
def _world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(
        tmp_path_factory.mktemp("apple"),
        pass_type_id=PASS_TYPE_ID,
        team_id=TEAM_ID,
        retry_waits_s=(0.05, 0.1, 0.2),
    )
    yield world
    world.server.stop()


@pytest.fixture
def apple(_world: World) -> Iterator[World]:
    """Apple's side: APNs and phones. Its faults end with the test."""
    yield _world
    _world.faults.clear()


@pytest.fixture
def app(apple: World) -> Iterator[Flask]:
    """The wallet's blueprints alone, signing with the stand-in's certificate."""
    app = Flask("wallet")
    pages = (web.blueprint, own_details.blueprint, go.blueprint)
    proved = (codes.blueprint, own_data.blueprint, reward_forms.blueprint)
    for blueprint in (*pages, *proved, web_service.blueprint, google_web.google_card):
        app.register_blueprint(blueprint)
    _configure(apple, "https://encore.example")
    yield app
    setup._settings = None


@pytest.fixture
def emailing(app: Flask) -> Iterator[None]:
    """This installation can send emails, and gather what is held of members."""
    settings = setup.current()
    setup.configure(
        replace(
            settings,
            sends_email=True,
            hold=hold_member,
            reaches=lambda session, member: why_blocked(session, member, is_asked_for=True) is None,
        )
    )
    mail_setup.configure(
        MailSettings(
            sender="cards@encore.example",
            region="us-east-1",
            app_url=settings.app_url,
            key=settings.link_secret,
            card_links=lambda *_: CardLinks("https://encore.example/card", None, None),
        )
    )
    yield
    mail_setup._settings = None


@pytest.fixture
def client(app: Flask, database: None) -> FlaskClient:
    """Calls the wallet without a network."""
    return app.test_client()


@pytest.fixture
def app_url(app: Flask, apple: World, database: None) -> Iterator[str]:
    """The wallet on a real port, for phones to reach."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://localhost:{server.server_port}"
    _configure(apple, url)
    yield url
    server.shutdown()
    thread.join()
    server.server_close()


def _configure(apple: World, app_url: str) -> None:
    files = {name: Path(path) for name, path in apple.files.items()}
    setup.configure(
        WalletSettings(
            app_url=app_url,
            link_secret=b"a link secret of the tests, 32 b",
            apple=AppleSettings(
                pass_type_id=PASS_TYPE_ID,
                team_id=TEAM_ID,
                cert_file=files["pass.pem"],
                key_file=files["pass.key"],
                wwdr_file=files["wwdr.pem"],
                apns_url=apple.apns_url,
                apns_ca_file=files["apns-ca.pem"],
            ),
        )
    )
