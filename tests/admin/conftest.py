"""The admin pages alone, on a database where they may commit."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mailing import setup as mail_setup
from mailing.setup import CardLinks, MailSettings
from shopify_app.admin.blueprint import blueprint
from shopify_app.platform import settings as platform_settings
from tests.admin.cast import Settings, ShopAndClient, install_shop


@pytest.fixture
def client(database: None) -> Iterator[FlaskClient]:
    """Calls the pages without a network."""
    before = platform_settings._settings
    platform_settings.configure(Settings())
    app = Flask("admin", static_folder=None)
    app.register_blueprint(blueprint)
    yield app.test_client()
    platform_settings._settings = before


@pytest.fixture
def aurora(client: FlaskClient) -> ShopAndClient:
    """A shop in Madrid that sells in euros, and its staff member Dana."""
    return install_shop("aurora", client, currency="EUR", timezone="Europe/Madrid")


@pytest.fixture
def borealis(client: FlaskClient) -> ShopAndClient:
    """Another shop with staff of its own."""
    return install_shop("borealis", client, currency="USD", timezone="America/New_York")


@pytest.fixture
def alice(aurora: ShopAndClient) -> UUID:
    """A member of Aurora with no points."""
    return aurora.enrol("Alice", "Archer", "alice@example.com")


@pytest.fixture
def bob(borealis: ShopAndClient) -> UUID:
    """A member of Borealis, who must never see Aurora."""
    return borealis.enrol("Bob", "Baker", "bob@example.com")


@pytest.fixture
def sends_emails() -> Iterator[None]:
    """An installation that sends emails; nobody sends them here, and Amazon is not there."""
    before = mail_setup._settings
    mail_setup.configure(
        MailSettings(
            sender="cards@encore.example",
            region="us-east-1",
            app_url="https://encore.example",
            key=b"a link secret of the tests, 32 b",
            card_links=lambda shop, member: CardLinks("https://encore.example/card", None, None),
            ses_url="http://127.0.0.1:9",
        )
    )
    yield
    mail_setup._settings = before
