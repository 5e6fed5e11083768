"""R154: a merge while a campaign's email is under way loses nobody, and tells nobody twice."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from jobs import queues
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.consent import say
from loyalty.merging.merging import merge
from loyalty.shops.directory import get_shop
from mailing import campaign_web, web
from shopify_app.platform import settings as platform_settings
from tests.mailing.campaign_cast import start
from tests.mailing.cast import DANA, Addressee, enrol, taken
from tests.mailing.stand_in import Amazon
from tests.mailing.test_campaign_email import AGENT, coupon_of
from tests.platform.conftest import make_settings


@pytest.fixture(autouse=True)
def _bell(valkey_url: str) -> None:
    queues.configure(valkey_url)


@pytest.fixture
def carol(alice: Addressee) -> Addressee:
    """Who Alice turns out to be, and who said yes too."""
    found = enrol(alice.shop_id, "Carol", customer_id=502, email="carol@example.com")
    with shop_transaction(found.shop_id) as session:
        say(session, found.shop_id, found.member_id, "email", "subscribed", source="test",
            said_at=utc_now())  # fmt: skip
    return found


@pytest.fixture
def browser_client(amazon: Amazon, database: None) -> Iterator[FlaskClient]:
    """Somebody's browser, and Shopify's addresses."""
    platform_settings.configure(make_settings(shopify_url_template="https://{shop}"))
    app = Flask("campaigns", static_folder=None)
    app.register_blueprint(web.blueprint)
    app.register_blueprint(campaign_web.blueprint)
    yield app.test_client()


def make_one(survivor: Addressee, merged: Addressee) -> None:
    with shop_transaction(survivor.shop_id) as session:
        shop = get_shop(session, survivor.shop_id)
        merge(session, shop, survivor.member_id, merged.member_id, actor=DANA, now=utc_now())


def test_an_email_under_way_goes_to_whoever_took_the_recipient_in(
    alice: Addressee, carol: Addressee, amazon: Amazon, before: int
) -> None:
    sent = start(alice)
    sent.advance()
    make_one(carol, alice)

    alice.work()
    sent.advance()

    (email,) = taken(amazon, before)
    assert "carol@example.com" in str(email) and email["subject"] == "Spring for Carol"
    assert sent.recipient().member_id == carol.member_id
    assert sent.fate() == ("sent", None)


def test_the_link_of_a_merged_recipient_still_brings_the_code(
    alice: Addressee, carol: Addressee, browser_client: FlaskClient
) -> None:
    sent = start(alice, coupon_id=str(coupon_of(alice)), text="Your code: {{ code }}")
    sent.advance()
    alice.work()
    make_one(carol, alice)

    response = browser_client.get(f"/mail/go/{sent.token}", headers=AGENT)

    assert "/discount/SPRING-1?" in response.headers["Location"]


def test_an_email_whose_answer_is_lost_for_good_moves_with_the_merge(
    alice: Addressee, carol: Addressee, amazon: Amazon
) -> None:
    amazon.post("faults", kind="cut")
    sent = start(alice)
    sent.advance()
    alice.work()
    assert alice.states() == ["unknown"]

    make_one(carol, alice)

    assert (alice.states(), carol.states()) == ([], ["unknown"])
