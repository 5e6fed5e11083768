"""The page behind a code that a cashier showed: it sends the card to its member, nothing else."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member
from loyalty.outbox import CARD_EMAIL_ASKED, OutboxEvent
from tests.wallet.cast import Cardholder
from wallet import till_link
from wallet.card_links import TILL_LINK_FOR, till_page_url

OURS = {"Sec-Fetch-Site": "same-origin"}

pytestmark = pytest.mark.usefixtures("emailing")


@pytest.fixture
def app(app: Flask) -> Flask:
    """The wallet with this page."""
    app.register_blueprint(till_link.blueprint)
    return app


def path(alice: Cardholder, *, minutes_ago: int = 0) -> str:
    now = utc_now() - timedelta(minutes=minutes_ago)
    return till_page_url(alice.shop_id, alice.member_id, now=now).removeprefix(
        "https://encore.example"
    )


def ask(client: FlaskClient, alice: Cardholder) -> TestResponse:
    return client.post(path(alice), headers=OURS)


def cards_sent(alice: Cardholder) -> int:
    """How often the card was asked for here, beside the one when she joined."""
    with shop_transaction(alice.shop_id) as session:
        events = session.query(OutboxEvent).filter_by(kind=CARD_EMAIL_ASKED)
        return sum(event.body["is_asked_for"] for event in events)


def test_the_card_goes_to_the_address_on_file(client: FlaskClient, alice: Cardholder) -> None:
    before = client.get(path(alice)).get_data(as_text=True)
    answer = ask(client, alice)
    after = client.get(answer.headers["Location"]).get_data(as_text=True)

    assert answer.status_code == 303
    assert "Send me my card" in before and "501@example.com" not in before
    assert "on its way" in after
    assert cards_sent(alice) == 1


def test_it_is_sent_a_few_times_an_hour(client: FlaskClient, alice: Cardholder) -> None:
    answers = [ask(client, alice).status_code for _ in range(till_link.PER_HOUR + 1)]

    assert answers == [303] * till_link.PER_HOUR + [429]
    assert cards_sent(alice) == till_link.PER_HOUR


def test_the_link_is_over_after_an_hour(client: FlaskClient, alice: Cardholder) -> None:
    minutes = int(TILL_LINK_FOR.total_seconds() // 60)

    assert client.get(path(alice, minutes_ago=minutes - 1)).status_code == 200
    assert client.get(path(alice, minutes_ago=minutes + 1)).status_code == 410


def test_without_an_address_the_shop_is_asked_for_help(
    client: FlaskClient, alice: Cardholder
) -> None:
    with shop_transaction(alice.shop_id) as session:
        member = session.get_one(Member, (alice.shop_id, alice.member_id))
        member.email, member.email_norm = None, ""

    page = client.get(path(alice)).get_data(as_text=True)

    assert "no address of yours" in page and "<form" not in page
    assert ask(client, alice).status_code == 409
    assert cards_sent(alice) == 0


def test_a_form_of_another_site_sends_nothing(client: FlaskClient, alice: Cardholder) -> None:
    answer = client.post(path(alice), headers={"Sec-Fetch-Site": "cross-site"})

    assert (answer.status_code, cards_sent(alice)) == (403, 0)


def test_a_cards_own_link_opens_no_page_of_the_tills(
    client: FlaskClient, alice: Cardholder
) -> None:
    token = alice.url().rpartition("/")[2]

    assert client.get(f"/card/till/{token}").status_code == 404
