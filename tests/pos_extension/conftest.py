"""The till's API alone, on a database where it may commit; Aurora with Alice, Borealis with Bob."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Engine, text

from loyalty.base import db
from pos_extension import api, cors
from sandbox.servers.postgres import Postgres
from shopify_app.edge import errors
from shopify_app.platform import settings as platform_settings
from shopify_app.platform import shop_ids
from tests.conftest import _copy
from tests.platform.conftest import make_settings
from tests.pos_extension.cast import Till, install_till
from wallet import setup as wallet_setup
from wallet.setup import WalletSettings

TILL_PAGE = "http://127.0.0.1:5003"


@pytest.fixture(scope="session")
def _engine(postgres: Postgres, template_database: str) -> Iterator[tuple[Engine, str]]:
    """A pool on a database for all tests of the till, and its owner's URL."""
    before = db._engine
    with _copy(postgres, template_database) as urls:
        engine = db.configure(urls.app, hide_parameters=True)
        db._engine = before
        yield engine, urls.owner
        engine.dispose()


@pytest.fixture
def database(_engine: tuple[Engine, str]) -> Iterator[None]:
    """A database where transactions really commit; its shops are removed after the test."""
    before = db._engine
    db._engine, owner_url = _engine
    shop_ids._known.clear()
    yield
    with psycopg.connect(owner_url) as connection:
        shops = connection.execute("SELECT shop_id FROM shop_directory").fetchall()
    for (shop_id,) in shops:
        with db.shop_transaction(shop_id) as session:
            session.execute(text("SELECT remove_shop()"))
    shop_ids._known.clear()
    db._engine = before


@pytest.fixture
def app(database: None) -> Iterator[Flask]:
    """The till's blueprint as the real app serves it, without a network."""
    before = platform_settings._settings, wallet_setup._settings
    platform_settings.configure(make_settings())
    wallet_setup.configure(WalletSettings("https://encore.example", b"l" * 32, apple=None))
    cors.configure(TILL_PAGE)
    app = Flask("till", static_folder=None)
    errors.init_app(app)
    app.register_blueprint(api.blueprint)
    yield app
    cors.configure("")
    platform_settings._settings, wallet_setup._settings = before


@pytest.fixture
def aurora(app: Flask) -> Till:
    """A till of Aurora in Madrid, where user 7 is logged in."""
    return install_till(app, "aurora")


@pytest.fixture
def borealis(app: Flask) -> Till:
    """A till of another shop."""
    return install_till(app, "borealis")


@pytest.fixture
def alice(aurora: Till) -> UUID:
    """A member of Aurora with no points."""
    return aurora.enrol("Alice", 501)


@pytest.fixture
def bob(borealis: Till) -> UUID:
    """A member of Borealis, who must never see Aurora."""
    return borealis.enrol("Bob", 601)
