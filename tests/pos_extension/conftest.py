"""The till's API alone, on a database where it may commit; Aurora with Alice, Borealis with Bob.

`connected` is Aurora's till before a stand-in for Shopify, and `customer` is Alice at that till.
"""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from flask import Flask

from config import Settings
from pos_extension import api, cors
from shopify_app.edge import errors
from shopify_app.platform import installations
from shopify_app.platform import settings as platform_settings
from shopify_app.platform.session_tokens import verify
from tests.platform.conftest import make_settings
from tests.platform.redeeming_cast import make_redeemer
from tests.platform.shopify import Shopify, running
from tests.pos_extension.cast import Till, install_till
from tests.pos_extension.redeem_cast import Customer
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


@pytest.fixture(scope="module")
def shopify(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shopify]:
    """A stand-in for Shopify with two small shops."""
    with running(tmp_path_factory.mktemp("shopify"), customers=5, orders=5) as shopify:
        yield shopify


@pytest.fixture
def connected(app: Flask, shopify: Shopify) -> Till:
    """A till of Aurora whose token works at Shopify; no fault of an earlier test is left."""
    for surface in ("graphql", "token"):
        shopify.fail(surface, "off")
    settings: Settings = make_settings(shopify_url_template=shopify.url_template)
    platform_settings.configure(settings)
    till = install_till(app, "aurora")
    assert installations.ensure_installed(verify(shopify.id_token(), settings)) == till.shop_id
    return till


@pytest.fixture
def customer(connected: Till, shopify: Shopify) -> Customer:
    """Alice with 1000 points, at Aurora's till."""
    return Customer(connected, make_redeemer(shopify, connected.shop_id))


@pytest.fixture
def email() -> str:
    """An address that nobody had before."""
    return f"{uuid4().hex}@example.com"
