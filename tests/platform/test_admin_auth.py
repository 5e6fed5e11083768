"""Who gets into the admin: the bearer of a token, never a cookie, never by another shop (R5)."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from config import Settings
from shopify_app.platform import installations
from shopify_app.platform.admin_auth import RETRY_HEADER
from shopify_app.platform.security import content_security_policy
from shopify_app.platform.session_tokens import verify
from tests.platform.conftest import AURORA, BOREALIS
from tests.platform.shopify import Shopify

PAGE = "/app/page"


@pytest.fixture
def admin(client: FlaskClient, shopify: Shopify, connected: Settings) -> FlaskClient:
    """The app, with Shopify there."""
    return client


def test_the_first_document_load_installs_and_is_served(
    admin: FlaskClient, shopify: Shopify
) -> None:
    response = admin.get(PAGE, query_string=_load(shopify))

    assert response.status_code == 200
    assert response.json["shop"] == AURORA
    assert response.json["actor"].startswith("staff:")


def test_a_fetch_carries_its_token_in_a_header(admin: FlaskClient, shopify: Shopify) -> None:
    response = admin.get(PAGE, headers=_bearer(shopify.id_token()))

    assert response.json["shop"] == AURORA


def test_a_change_takes_the_header_and_nothing_else(admin: FlaskClient, shopify: Shopify) -> None:
    assert admin.post(PAGE, headers=_bearer(shopify.id_token())).status_code == 200

    in_the_address = admin.post(PAGE, query_string=_load(shopify))
    in_the_form = admin.post(PAGE, data={"id_token": shopify.id_token()})
    with_a_cookie = admin.post(PAGE, headers={"Cookie": f"id_token={shopify.id_token()}"})

    for response in (in_the_address, in_the_form, with_a_cookie):
        assert response.status_code == 401


@pytest.mark.parametrize("wrong", [{"expired": 1}, {"secret": "foreign"}, {"aud": "other"}])
def test_a_fetch_with_a_bad_token_is_told_to_retry(
    admin: FlaskClient, shopify: Shopify, wrong: dict[str, str]
) -> None:
    for method in (admin.get, admin.post):
        response = method(PAGE, headers=_bearer(shopify.id_token(**wrong)))

        assert response.status_code == 401
        assert response.headers[RETRY_HEADER] == "1"


def test_a_fetch_without_its_header_is_no_document(admin: FlaskClient, shopify: Shopify) -> None:
    response = admin.get(PAGE, query_string=_load(shopify), headers={"Sec-Fetch-Dest": "empty"})

    assert response.status_code == 401
    assert response.headers[RETRY_HEADER] == "1"


@pytest.mark.parametrize("stale", [True, False])
def test_a_document_without_a_good_token_is_sent_to_fetch_one(
    admin: FlaskClient, shopify: Shopify, stale: bool
) -> None:
    query = {"shop": AURORA, "host": "aG9zdA", "q": "a b"}
    if stale:
        query["id_token"] = shopify.id_token(expired=1)

    response = admin.get(PAGE, query_string=query)

    assert response.status_code == 302
    target = urlsplit(response.headers["Location"])
    found = parse_qs(target.query)
    assert target.path == "/session-token-bounce"
    assert "id_token" not in response.headers["Location"]
    assert found["shopify-reload"] == [
        "http://localhost:5002/app/page?shop=aurora.myshopify.com&host=aG9zdA&q=a+b"
    ]
    assert admin.get(response.headers["Location"]).status_code == 200


def test_another_shop_in_the_address_is_forbidden(admin: FlaskClient, shopify: Shopify) -> None:
    document = admin.get(PAGE, query_string=_load(shopify) | {"shop": BOREALIS})
    fetch = admin.get(f"{PAGE}?shop={BOREALIS}", headers=_bearer(shopify.id_token()))

    assert (document.status_code, fetch.status_code) == (403, 403)


def test_a_shop_that_shopify_does_not_answer_for_gets_no_page(
    admin: FlaskClient, shopify: Shopify
) -> None:
    shopify.fail("token", "fail", status=500)

    assert admin.get(PAGE, query_string=_load(shopify)).status_code == 503


def test_the_page_works_while_shopify_is_down_once_the_shop_is_here(
    admin: FlaskClient, shopify: Shopify
) -> None:
    admin.get(PAGE, query_string=_load(shopify))
    shopify.fail("token", "fail")
    shopify.fail("graphql", "fail")

    assert admin.get(PAGE, query_string=_load(shopify)).status_code == 200


def test_the_bounce_page_may_be_framed_by_any_shop_and_holds_nothing(client: FlaskClient) -> None:
    response = client.get(
        "/session-token-bounce", query_string={"shopify-reload": "http://localhost:5002/app/page"}
    )

    policy = response.headers["Content-Security-Policy"]
    assert "frame-ancestors https://*.myshopify.com https://admin.shopify.com" in policy
    assert "default-src 'none'" in policy and "'unsafe-inline'" not in policy
    assert "app-bridge.js" in response.text and "localhost:5002" not in response.text
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "target",
    [
        "",
        "/app/page",
        "//evil.com/",
        "https://evil.com/",
        "http://localhost:5002@evil.com/",
        "http://localhost:5002.evil.com/",
        "http://localhost:5002\\@evil.com/",
        "https://localhost:5002/app",
        "javascript:alert(1)",
        "http://localhost:5002/\n",
    ],
)
def test_the_bounce_page_leads_back_to_this_app_alone(client: FlaskClient, target: str) -> None:
    response = client.get("/session-token-bounce", query_string={"shopify-reload": target})

    assert response.status_code == 400


def test_a_page_may_be_framed_by_its_own_shop_alone(settings: Settings) -> None:
    ours = content_security_policy(f"https://{AURORA}")

    assert (
        "frame-ancestors https://aurora.myshopify.com https://admin.shopify.com"
        " http://127.0.0.1:5001" in ours
    )
    assert "*" not in ours and "'unsafe-inline'" not in ours
    assert "frame-ancestors 'none'" in content_security_policy(None)


def test_no_cookie_is_ever_set(admin: FlaskClient, shopify: Shopify) -> None:
    answers = [
        admin.get(PAGE),
        admin.get(PAGE, query_string=_load(shopify)),
        admin.post(PAGE, headers=_bearer(shopify.id_token())),
    ]

    assert all("Set-Cookie" not in answer.headers for answer in answers)


def test_a_load_does_not_wait_for_shopify_once_installed(
    admin: FlaskClient, shopify: Shopify, connected: Settings
) -> None:
    admin.get(PAGE, query_string=_load(shopify))
    shopify.fail("token", "stall", seconds=5)
    started = time.monotonic()

    installations.ensure_installed(verify(shopify.id_token(), connected))

    assert time.monotonic() - started < 3


def _load(shopify: Shopify) -> dict[str, str]:
    """The query of a first document load."""
    return {
        "shop": AURORA,
        "host": "aG9zdA",
        "embedded": "1",
        "id_token": shopify.id_token(),
    }


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
