"""R32, R167: links on passes count who opens them, by platform, and lead where we signed only."""

from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from loyalty.base.db import shop_transaction
from tests.wallet.cast import Cardholder
from wallet import setup
from wallet.apple.card import apple_pass
from wallet.card_links import click_url
from wallet.clicks import count_clicks
from wallet.links import CardLink, ClickLink, Platform, Target, make_click_token, make_link_token
from wallet.tables import PassClick

SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Mobile Safari"


def test_link_on_the_apple_pass_counts_and_leads_to_the_card(
    client: FlaskClient, alice: Cardholder
) -> None:
    back = apple_pass(alice.open_pass()).passInformation.backFields
    link = next(field.value for field in back if field.key == "link")

    answer = _open(client, link)

    assert (answer.status_code, answer.headers["Location"]) == (303, alice.url())
    assert _clicks(alice) == [("apple", "card")]
    assert alice.timeline() == ["pass_link_clicked"]
    with shop_transaction(alice.shop_id) as session:
        assert count_clicks(session, alice.shop_id, alice.member_id) == {"apple": 1, "google": 0}


def test_emails_and_the_page_count_apart_from_the_passes(
    client: FlaskClient, alice: Cardholder
) -> None:
    platforms: tuple[Platform, ...] = ("google", "email", "page")
    for platform in platforms:
        _open(client, _url(alice, platform))

    assert [platform for platform, _ in _clicks(alice)] == ["google", "email", "page"]
    with shop_transaction(alice.shop_id) as session:
        assert count_clicks(session, alice.shop_id, alice.member_id) == {"apple": 0, "google": 1}


def test_link_to_the_shop_leads_to_its_own_site(client: FlaskClient, alice: Cardholder) -> None:
    answer = _open(client, _url(alice, "page", "shop") + "?to=https://evil.example")

    assert answer.headers["Location"] == "https://aurora.myshopify.com"


def test_page_that_loads_twice_is_one_click_and_a_later_visit_another(
    client: FlaskClient, alice: Cardholder
) -> None:
    for _ in range(2):
        assert _open(client, _url(alice)).status_code == 303
    assert len(_clicks(alice)) == 1

    with shop_transaction(alice.shop_id) as session:
        earlier = PassClick.clicked_at - timedelta(seconds=31)
        session.execute(update(PassClick).values(clicked_at=earlier))
    _open(client, _url(alice))

    assert len(_clicks(alice)) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "WhatsApp/2.23.20.0 i"},
        {"User-Agent": "facebookexternalhit/1.1"},
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"},
        {"User-Agent": "TelegramBot (like TwitterBot)"},
        {"User-Agent": ""},
        {"User-Agent": SAFARI, "Sec-Purpose": "prefetch;prerender"},
        {"User-Agent": SAFARI, "X-Purpose": "preview"},
    ],
)
def test_program_that_looks_ahead_is_led_on_and_not_counted(
    client: FlaskClient, alice: Cardholder, headers: dict[str, str]
) -> None:
    answer = client.get(_url(alice), headers=headers)

    assert (answer.status_code, answer.headers["Location"]) == (303, alice.url())
    assert _clicks(alice) == []


def test_head_request_is_not_counted(client: FlaskClient, alice: Cardholder) -> None:
    answer = client.head(_url(alice), headers={"User-Agent": SAFARI})

    assert (answer.status_code, _clicks(alice)) == (303, [])


def test_link_that_we_did_not_sign_counts_nothing(
    client: FlaskClient, alice: Cardholder, bob: Cardholder
) -> None:
    secret = setup.current().link_secret
    good = make_click_token(ClickLink(alice.shop_id, alice.member_id, "apple"), secret)
    tokens = (
        make_click_token(ClickLink(alice.shop_id, alice.member_id, "apple"), b"x" * 32),
        make_click_token(ClickLink(bob.shop_id, alice.member_id, "apple"), secret),
        make_click_token(ClickLink(10**9, alice.member_id, "apple"), secret),
        make_link_token(CardLink(alice.shop_id, alice.member_id), secret),
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        "x" * 10_240,
    )

    answers = [_open(client, f"/go/{token}") for token in tokens]

    assert [answer.status_code for answer in answers] == [404, 410, 404, 404, 404, 404]
    assert _clicks(alice) == _clicks(bob) == []


def test_click_link_does_not_open_the_card_as_a_card_link(
    client: FlaskClient, alice: Cardholder
) -> None:
    token = urlsplit(_url(alice)).path.rsplit("/", 1)[1]

    assert client.get(f"/card/{token}").status_code == 404


@pytest.mark.parametrize("agent", [SAFARI, "WhatsApp/2"])
def test_link_of_an_erased_member_is_gone(
    client: FlaskClient, alice: Cardholder, agent: str
) -> None:
    url = _url(alice)
    alice.erase()

    assert client.get(url, headers={"User-Agent": agent}).status_code == 410
    assert _clicks(alice) == []


def _open(client: FlaskClient, url: str) -> TestResponse:
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return client.get(path, headers={"User-Agent": SAFARI})


def _url(holder: Cardholder, platform: Platform = "apple", target: Target = "card") -> str:
    url = click_url(holder.shop_id, holder.member_id, platform=platform, target=target)
    return urlsplit(url).path


def _clicks(holder: Cardholder) -> list[tuple[str, str]]:
    own: UUID = holder.member_id
    with shop_transaction(holder.shop_id) as session:
        found = session.scalars(
            select(PassClick).where(PassClick.member_id == own).order_by(PassClick.id)
        )
        return [(click.platform, click.target) for click in found]
