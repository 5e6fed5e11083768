"""The customer's card page, and the download of the pass behind its button."""

import io
import zipfile
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from loyalty.base.clock import utc_now
from tests.wallet.cast import Cardholder
from wallet import setup
from wallet.links import CardLink, make_link_token


def test_page_shows_the_members_card(client: FlaskClient, alice: Cardholder) -> None:
    alice.earn(1240)

    page = client.get(_path(alice)).text

    assert "Aurora" in page and "Alice Archer" in page and "1,240" in page
    assert f"{_path(alice)}/apple.pkpass" in page


def test_page_sets_no_cookie_and_is_neither_stored_framed_nor_indexed(
    client: FlaskClient, alice: Cardholder
) -> None:
    headers = client.get(_path(alice)).headers

    assert "Set-Cookie" not in headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "noindex" in headers["X-Robots-Tag"]


def test_page_has_nothing_that_its_policy_forbids(client: FlaskClient, alice: Cardholder) -> None:
    page = client.get(_path(alice)).text

    assert (
        "<script" not in page
        and " style=" not in page
        and "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    )
    assert client.get("/card/static/card.css").status_code == 200


def test_first_download_makes_the_pass_and_later_ones_bring_the_same(
    client: FlaskClient, alice: Cardholder
) -> None:
    first = client.get(f"{_path(alice)}/apple.pkpass")
    second = client.get(f"{_path(alice)}/apple.pkpass")

    assert first.mimetype == "application/vnd.apple.pkpass"
    assert "pass.json" in zipfile.ZipFile(io.BytesIO(first.data)).namelist()
    assert first.data == second.data
    assert alice.the_pass().downloaded_revision == 1


@pytest.mark.parametrize("suffix", ["", "/apple.pkpass"])
def test_link_that_we_did_not_sign_is_not_found(
    client: FlaskClient, alice: Cardholder, suffix: str
) -> None:
    forged = make_link_token(CardLink(alice.shop_id, alice.member_id), b"x" * 32)

    answer = client.get(f"/card/{forged}{suffix}")

    assert answer.status_code == 404
    assert "This link leads to no card" in answer.text


def test_link_whose_time_is_over_is_gone(client: FlaskClient, alice: Cardholder) -> None:
    link = CardLink(alice.shop_id, alice.member_id)
    expired = make_link_token(link, setup.current().link_secret, expires_at=utc_now())

    answer = client.get(f"/card/{expired}")

    assert answer.status_code == 410
    assert "no longer here" in answer.text


@pytest.mark.parametrize("suffix", ["", "/apple.pkpass"])
def test_card_of_an_erased_member_is_gone(
    client: FlaskClient, alice: Cardholder, suffix: str
) -> None:
    alice.open_pass()
    path = _path(alice)
    alice.erase()

    answer = client.get(f"{path}{suffix}")

    assert answer.status_code == 410
    assert "Alice" not in answer.text


@pytest.mark.parametrize("suffix", ["", "/apple.pkpass"])
def test_member_under_another_shop_is_not_found(
    client: FlaskClient, alice: Cardholder, bob: Cardholder, suffix: str
) -> None:
    crossed = make_link_token(CardLink(bob.shop_id, alice.member_id), setup.current().link_secret)

    assert client.get(f"/card/{crossed}{suffix}").status_code == 404


def test_name_cannot_bring_markup_into_the_page(client: FlaskClient, alice: Cardholder) -> None:
    alice.rename("<img src=x onerror=alert(1)>")

    assert "<img" not in client.get(_path(alice)).text


def _path(holder: Cardholder) -> str:
    return urlsplit(holder.url()).path
