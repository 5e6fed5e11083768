"""R59-R66 on the customer's page: history, pending points, switches, places."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.preferences import NAMES, Preferences
from loyalty.shops.locations import LocationFacts, record_location
from tests.wallet.cast import Cardholder
from wallet import setup
from wallet.links import CardLink, make_link_token

OURS = {"Sec-Fetch-Site": "same-origin"}


def test_page_shows_the_newest_ten_movements_and_the_way_to_all(
    client: FlaskClient, alice: Cardholder
) -> None:
    for points in range(101, 113):
        alice.earn(points)

    page = client.get(_path(alice)).text

    shown = [points for points in range(101, 113) if f"+{points}" in page]
    assert shown == list(range(103, 113))
    assert page.index("+112") < page.index("+103")
    assert f'href="{_path(alice)}/history"' in page


def test_history_goes_on_page_by_page_to_the_first(client: FlaskClient, alice: Cardholder) -> None:
    for points in range(1, 53):
        alice.earn(1000 + points)

    first = client.get(f"{_path(alice)}/history").text
    link = first.split('class="more" href="')[1].split('"')[0].replace("&amp;", "&")
    second = client.get(link).text

    assert "+1,052" in first and "+1,003" in first and "+1,002" not in first
    assert "+1,002" in second and "+1,001" in second and 'class="more"' not in second


def test_history_of_another_member_is_not_in_it(
    client: FlaskClient, alice: Cardholder, bob: Cardholder
) -> None:
    alice.earn(111)
    bob.earn(222)

    assert "+222" not in client.get(f"{_path(alice)}/history").text


@pytest.mark.parametrize("cursor", ["x", "%00", "a" * 3000])
def test_foreign_cursor_begins_at_the_newest(
    client: FlaskClient, alice: Cardholder, cursor: str
) -> None:
    alice.earn(111)

    assert "+111" in client.get(f"{_path(alice)}/history?after={cursor}").text


def test_pending_points_stand_apart_from_the_balance(
    client: FlaskClient, alice: Cardholder
) -> None:
    alice.earn(50)
    alice.earn(1200, available_at=utc_now() + timedelta(days=14))

    page = client.get(_path(alice)).text

    assert "data-balance>50<" in page
    assert "+1,200</span> on the way" in page
    assert "Yours to spend from" in page


def test_page_without_pending_points_does_not_speak_of_them(
    client: FlaskClient, alice: Cardholder
) -> None:
    alice.earn(50)

    assert "on the way" not in client.get(_path(alice)).text


def test_page_lists_the_shops_open_places(client: FlaskClient, alice: Cardholder) -> None:
    for location_id, name, is_active in ((1, "Gran Vía", True), (2, "Closed for good", False)):
        facts = LocationFacts(
            location_id=location_id,
            name=name,
            is_active=is_active,
            address={"address1": "Calle Gran Vía 32", "zip": "28013", "city": "Madrid"},
            latitude="40.42",
            longitude="-3.7",
            updated_at=utc_now(),
        )
        with shop_transaction(alice.shop_id) as session:
            record_location(session, alice.shop_id, facts)

    page = client.get(_path(alice)).text

    assert "Gran Vía" in page and "28013 Madrid" in page
    assert "Closed for good" not in page


def test_all_five_switches_are_on_at_first(client: FlaskClient, alice: Cardholder) -> None:
    page = client.get(_path(alice)).text

    assert page.count('role="switch"') == len(NAMES)
    assert page.count('aria-checked="true"') == len(NAMES)


def test_switch_is_turned_and_the_page_comes_back(client: FlaskClient, alice: Cardholder) -> None:
    answer = _turn(client, alice, {"balance": "paused"})

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{_path(alice)}#notifications"
    assert alice.preferences() == Preferences(balance=False)
    assert client.get(_path(alice)).text.count('aria-checked="false"') == 1


def test_same_form_again_changes_nothing_more(client: FlaskClient, alice: Cardholder) -> None:
    for _ in range(2):
        assert _turn(client, alice, {"balance": "paused"}).status_code == 303

    assert alice.timeline() == ["preference_changed"]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"balance": "off"},
        {"balance": ""},
        {"points": "1000"},
        {"balance": "paused", "points": "1000"},
        {"balance": ["paused", "active"]},
    ],
)
def test_form_that_is_not_ours_is_refused(
    client: FlaskClient, alice: Cardholder, form: dict[str, str]
) -> None:
    answer = _turn(client, alice, form)

    assert answer.status_code == 422
    assert "not your card" in answer.text
    assert alice.timeline() == []


@pytest.mark.parametrize("field", ["balance", "x"])
def test_ten_kilobytes_of_text_are_too_much(
    client: FlaskClient, alice: Cardholder, field: str
) -> None:
    answer = _turn(client, alice, {field: "a" * 10_240})

    assert answer.status_code == 413
    assert alice.timeline() == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://encore.example", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_form_of_another_site_is_refused(
    client: FlaskClient, alice: Cardholder, headers: dict[str, str]
) -> None:
    answer = client.post(f"{_path(alice)}/preferences", data={"balance": "paused"}, headers=headers)

    assert answer.status_code == 403
    assert alice.timeline() == []


def test_older_browser_is_known_by_its_origin(client: FlaskClient, alice: Cardholder) -> None:
    answer = client.post(
        f"{_path(alice)}/preferences",
        data={"tier": "paused"},
        headers={"Origin": "https://encore.example"},
    )

    assert (answer.status_code, alice.preferences().tier) == (303, False)


def test_links_that_are_forged_expired_or_crossed_turn_nothing(
    client: FlaskClient, alice: Cardholder, bob: Cardholder
) -> None:
    secret = setup.current().link_secret
    own, crossed = (CardLink(shop, alice.member_id) for shop in (alice.shop_id, bob.shop_id))
    tokens = (
        make_link_token(own, b"x" * 32),
        make_link_token(own, secret, expires_at=utc_now()),
        make_link_token(crossed, secret),
        "not-a-token",
    )

    statuses = [
        client.post(
            f"/card/{token}/preferences", data={"balance": "paused"}, headers=OURS
        ).status_code
        for token in tokens
    ]

    assert statuses == [404, 410, 404, 404]
    assert alice.preferences() == bob.preferences() == Preferences()


def test_erased_member_has_no_switches_to_turn(client: FlaskClient, alice: Cardholder) -> None:
    path = _path(alice)
    alice.erase()

    answer = client.post(f"{path}/preferences", data={"balance": "paused"}, headers=OURS)

    assert answer.status_code == 410


def test_page_carries_no_script_and_may_not_be_framed_or_kept(
    client: FlaskClient, alice: Cardholder
) -> None:
    answer = client.get(_path(alice))

    policy = answer.headers["Content-Security-Policy"]
    assert "<script" not in answer.text and "style=" not in answer.text
    assert "default-src 'none'" in policy and "script-src" not in policy
    assert "frame-ancestors 'none'" in policy and "form-action 'self'" in policy
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def _turn(client: FlaskClient, holder: Cardholder, form: object) -> TestResponse:
    return client.post(f"{_path(holder)}/preferences", data=form, headers=OURS)  # type: ignore[arg-type]


def _path(holder: Cardholder) -> str:
    return urlsplit(holder.url()).path
