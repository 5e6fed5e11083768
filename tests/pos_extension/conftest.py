"""The till's API alone, on a database where it may commit; Aurora with Alice, Borealis with Bob."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask

from pos_extension import api, cors
from shopify_app.edge import errors
from shopify_app.platform import settings as platform_settings
from tests.platform.conftest import make_settings
from tests.pos_extension.cast import Till, install_till
from wallet import setup as wallet_setup
from wallet.setup import WalletSettings

TILL_PAGE = "http://127.0.0.1:5003"


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
