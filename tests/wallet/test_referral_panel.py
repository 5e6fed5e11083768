"""The own link on the customer's page, and what came of it; friends are not named."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.earning.saving import add_rule
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.members.enrolment import record_customer
from loyalty.referrals.settings import save_settings
from loyalty.referrals.tables import Referral
from loyalty.shops.directory import get_shop
from tests.factories.facts import NOON, a_customer
from tests.wallet.cast import Cardholder
from wallet.card_links import card_page_url, referral_url

STAFF = Actor("staff", "42")


@pytest.fixture
def client(app: Flask, database: None) -> FlaskClient:
    """Calls the page without a network."""
    return app.test_client()


@pytest.fixture
def advocate(alice: Cardholder) -> Cardholder:
    """Alice, whose shop gives 200 points for a friend."""
    with shop_transaction(alice.shop_id) as session:
        now = utc_now() - timedelta(minutes=1)
        save_settings(session, alice.shop_id, is_on=True, coupon_id=None, actor=STAFF, now=now)
        rule = {"name": "Friends", "kind": "referral", "gives": "fixed", "fixed_points": 200}
        add_rule(session, alice.shop_id, rule, actor=STAFF, now=now)
    return alice


def page(client: FlaskClient, holder: Cardholder) -> str:
    url = card_page_url(holder.shop_id, holder.member_id)
    answer = client.get(url.removeprefix("https://encore.example"))
    assert answer.status_code == 200
    return answer.text


def bring_carol(holder: Cardholder) -> None:
    """Carol bought, and Alice has been paid for it."""
    with shop_transaction(holder.shop_id) as session:
        shop = get_shop(session, holder.shop_id)
        facts = a_customer(601, first_name="Carol", email="carol@example.com")
        carol = record_customer(session, shop, facts, now=NOON, is_backfill=False)
        referral = Referral(
            shop_id=holder.shop_id,
            id=holder.member_id,
            advocate_id=holder.member_id,
            friend_id=carol.member_id,
            request_id=holder.member_id,
            state="paid",
            claimed_at=NOON,
            client_hash=b"",
            advocate_points=200,
        )
        session.add(referral)
        cause = Cause("referral", "referral:1", "referral", "1", "system:test", utc_now())
        balance = lock_balance(session, holder.shop_id, holder.member_id)
        credit(session, balance, cause, points=200, now=utc_now())


def test_the_page_shows_the_own_link_and_what_a_friend_brings(
    client: FlaskClient, advocate: Cardholder
) -> None:
    text = page(client, advocate)

    url = referral_url(advocate.shop_id, advocate.member_id)
    assert f'href="{url}"' in text
    assert "200 points" in text and "None of your friends has bought so far" in text


def test_it_counts_friends_and_points_and_names_nobody(
    client: FlaskClient, advocate: Cardholder
) -> None:
    bring_carol(advocate)

    text = page(client, advocate)

    assert "1 of your friends bought so far" in text
    assert "which earned you <bdi>200 points</bdi>" in text
    assert "Carol" not in text


def test_there_is_no_panel_while_the_shop_has_no_referrals(
    client: FlaskClient, alice: Cardholder
) -> None:
    assert "Bring a friend" not in page(client, alice)
