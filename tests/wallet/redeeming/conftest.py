"""Aurora in the stand-in for Shopify, Alice who shops there, and the pages of her card."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config import Settings
from jobs.privacy.gathering import hold_member
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.enrolment import record_customer
from loyalty.shops.directory import get_shop
from shopify_app.platform import installations
from shopify_app.platform.session_tokens import verify
from tests.factories.facts import a_customer
from tests.platform import conftest as platform
from tests.platform.shopify import Shopify
from tests.wallet.cast import Cardholder
from wallet import codes, go, own_data, own_details, reward_forms, setup, web
from wallet.setup import WalletSettings

shopify, connected, database = platform.shopify, platform.connected, platform.database


@pytest.fixture
def app(connected: Settings) -> Iterator[Flask]:
    """The pages of cards, in an installation that sends emails and makes no passes."""
    settings = WalletSettings("https://encore.example", b"l" * 32, apple=None)
    setup.configure(replace(settings, sends_email=True, hold=hold_member))
    app = Flask("wallet")
    pages = (web.blueprint, own_details.blueprint, go.blueprint)
    for blueprint in (*pages, codes.blueprint, own_data.blueprint, reward_forms.blueprint):
        app.register_blueprint(blueprint)
    yield app
    setup._settings = None


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Alice's phone."""
    return app.test_client()


@pytest.fixture
def alice(shopify: Shopify, connected: Settings) -> Cardholder:
    """A customer of Aurora's in Shopify, and our member."""
    shop_id = installations.ensure_installed(verify(shopify.id_token(), connected))
    made = shopify.tell("customers", first_name="Alice")
    facts = a_customer(made["id"], updated_at=utc_now())
    with shop_transaction(shop_id) as session:
        shop = get_shop(session, shop_id)
        customer = record_customer(
            session, shop, facts, now=utc_now(), is_backfill=False, order_count=1
        )
    assert customer.member_id is not None
    return Cardholder(shop_id, customer.member_id)
