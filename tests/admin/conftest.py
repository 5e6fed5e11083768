"""The admin pages alone, on a database where they may commit."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from loyalty.base import db
from sandbox.servers.postgres import Postgres
from shopify_app.admin.blueprint import blueprint
from shopify_app.platform import settings as platform_settings
from tests.admin.cast import Settings, ShopAndClient, install_shop
from tests.conftest import _copy


@pytest.fixture(scope="session")
def _engine(postgres: Postgres, template_database: str) -> Iterator[tuple[Engine, str]]:
    """A pool on a database for all tests of the pages, and its owner's URL."""
    before = db._engine
    with _copy(postgres, template_database) as urls:
        engine = db.configure(urls.app)
        db._engine = before
        yield engine, urls.owner
        engine.dispose()


@pytest.fixture
def database(_engine: tuple[Engine, str]) -> Iterator[None]:
    """A database where transactions really commit; its shops are removed after the test."""
    before = db._engine
    db._engine, owner_url = _engine
    yield
    with psycopg.connect(owner_url) as connection:
        shops = connection.execute("SELECT shop_id FROM shop_directory").fetchall()
    for (shop_id,) in shops:
        with db.shop_transaction(shop_id) as session:
            session.execute(text("SELECT remove_shop()"))
    db._engine = before


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
