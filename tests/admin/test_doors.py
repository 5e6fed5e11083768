"""R5: who gets in, who may frame the pages, and how a refusal looks."""

from uuid import UUID

from flask.testing import FlaskClient

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.shops import directory
from tests.admin.cast import ShopAndClient, session_token


def test_page_may_be_framed_by_its_own_shop_alone_and_runs_no_inline_code(
    aurora: ShopAndClient, alice: UUID
) -> None:
    answer = aurora.get(f"/app/members/{alice}")

    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors https://aurora.myshopify.com https://admin.shopify.com;" in policy + ";"
    assert "unsafe" not in policy
    assert " style=" not in answer.text and "<style" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def test_app_bridge_stands_in_the_head_before_our_own_scripts(aurora: ShopAndClient) -> None:
    head = aurora.get("/app").text.split("</head>")[0]

    assert head.index("app-bridge.js") < head.index("htmx.min.js")


def test_document_without_token_goes_to_fetch_one(client: FlaskClient) -> None:
    answer = client.get("/app/members?sort=name&shop=aurora.myshopify.com")

    assert answer.status_code == 302
    assert answer.location.startswith("/session-token-bounce?")
    assert "sort%3Dname" in answer.location


def test_token_of_another_shop_than_the_address_names_is_refused_with_a_page(
    aurora: ShopAndClient, client: FlaskClient
) -> None:
    token = session_token("borealis.myshopify.com")

    answer = client.get(f"/app?shop=aurora.myshopify.com&id_token={token}")

    assert answer.status_code == 403
    assert "This page belongs to another shop" in answer.text


def test_silent_shopify_is_told_in_a_page_that_the_shop_may_frame(aurora: ShopAndClient) -> None:
    with shop_transaction(aurora.shop_id) as session:
        directory.uninstall(session, aurora.shop_id, now=utc_now())

    # This visit would install it again, but here nobody answers for Shopify.
    answer = aurora.get("/app")

    assert answer.status_code == 503
    assert "Shopify did not answer" in answer.text
    assert "https://aurora.myshopify.com" in answer.headers["Content-Security-Policy"]


def test_static_files_are_kept_for_a_year_under_an_address_of_their_content(
    aurora: ShopAndClient,
) -> None:
    page = aurora.get("/app").text
    address = page.split('href="')[1].split('"')[0]

    answer = aurora.client.get(address, headers={"Accept-Encoding": "gzip"})

    assert "?v=" in address
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Encoding"] == "gzip"
