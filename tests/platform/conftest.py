"""Aurora, committed, in a database of the test's own; an app of our blueprints; its settings."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from flask import Flask, g
from flask.testing import FlaskClient

from config import Settings
from loyalty.base import bell, db
from loyalty.shops.directory import install, register_shop_id
from shopify_app.platform import auth, shop_ids, staff, webhooks
from shopify_app.platform import settings as platform_settings
from shopify_app.platform.admin_auth import admin_page
from tests.conftest import DatabaseUrls
from tests.factories.facts import NOON
from tests.platform.shopify import Shopify, running
from tests.platform.tokens import CLIENT_ID, OLD_SECRET, SECRET

AURORA = "aurora.myshopify.com"
BOREALIS = "borealis.myshopify.com"


def make_settings(**changes: object) -> Settings:
    """Settings of a sandbox where nothing listens, but for `changes`."""
    values: dict[str, object] = {
        "sandbox": True,
        "app_url": "http://localhost:5002",
        "database_url": "postgresql://localhost/unused",
        "redis_url": "redis://localhost/0",
        "shopify_api_key": CLIENT_ID,
        "shopify_api_secret": SECRET,
        "shopify_api_secret_old": OLD_SECRET,
        "shopify_url_template": "http://127.0.0.1:9/shops/{shop}",
        "admin_origins": "http://127.0.0.1:5001",
        "encryption_keys": Fernet.generate_key().decode(),
        "link_secret": "l" * 32,
    }
    return Settings(_env_file=None, **(values | changes))  # type: ignore[arg-type]


@pytest.fixture
def settings() -> Settings:
    """The settings of this process."""
    settings = make_settings()
    platform_settings.configure(settings)
    return settings


@pytest.fixture
def database(fresh_database: DatabaseUrls) -> Iterator[DatabaseUrls]:
    """This process on a database of the test's own, and back on the shared one afterwards."""
    before = db._engine
    engine = db.configure(fresh_database.app, hide_parameters=True)
    shop_ids._known.clear()
    staff._seen.clear()
    yield fresh_database
    engine.dispose()
    db._engine = before


@pytest.fixture
def rings() -> Iterator[list[tuple[str, int]]]:
    """The bells that were rung, in order."""
    rung: list[tuple[str, int]] = []
    bell.register(lambda queue, shop_id: rung.append((queue, shop_id)))
    yield rung
    bell.register(lambda _queue, _shop_id: None)


@pytest.fixture
def aurora(database: DatabaseUrls, settings: Settings) -> int:
    """The shop id of Aurora, which sells in dollars and was installed a month before noon."""
    return install_committed(AURORA)


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    """The app's webhooks and bounce page, and one page of the admin."""
    app = Flask("platform")
    app.register_blueprint(webhooks.blueprint)
    app.register_blueprint(auth.blueprint)
    app.add_url_rule("/app/page", view_func=admin_page(_page), methods=["GET", "POST"])
    return app.test_client()


def _page() -> dict[str, str]:
    return {"shop": g.shop_domain, "shop_id": str(g.shop_id), "actor": str(g.actor)}


def install_committed(domain: str) -> int:
    """A shop without a token, committed; its id."""
    with db.shopless_transaction() as session:
        shop_id = register_shop_id(session, domain)
        db.enter_shop(session, shop_id)
        install(
            session,
            shop_id,
            domain=domain,
            name=domain.split(".")[0].capitalize(),
            currency="USD",
            timezone="America/New_York",
            email=None,
            now=NOON - timedelta(days=30),
        )
    return shop_id


@pytest.fixture(scope="module")
def shopify(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shopify]:
    """A stand-in for Shopify with two small shops."""
    with running(tmp_path_factory.mktemp("shopify"), customers=40, orders=120) as shopify:
        yield shopify


@pytest.fixture
def connected(shopify: Shopify, database: DatabaseUrls) -> Settings:
    """Settings that lead to the stand-in, with every fault of earlier tests gone."""
    for surface in ("graphql", "token", "webhooks", "bulk", "files", "discounts", "credit"):
        shopify.fail(surface, "off")
    settings = make_settings(shopify_url_template=shopify.url_template)
    platform_settings.configure(settings)
    return settings
