"""Tokens: how they are got, how they end, and what the token endpoint refuses."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from .stand_in import AURORA, BOREALIS, CLIENT_ID, SECRET, StandIn

SHOP = "{ shop { myshopifyDomain } }"


def test_an_id_token_becomes_an_expiring_offline_pair(shopify: StandIn) -> None:
    answer = shopify.exchange()

    pair = answer.json()
    assert answer.status_code == 200
    assert pair["access_token"].startswith("shpat_")
    assert pair["refresh_token"].startswith("shprt_")
    assert (pair["expires_in"], pair["refresh_token_expires_in"]) == (3600, 7776000)
    assert "write_customers" in pair["scope"].split(",")
    assert shopify.data(pair["access_token"], SHOP)["shop"]["myshopifyDomain"] == AURORA


def test_an_online_token_says_who_is_there_and_revokes_nothing(shopify: StandIn) -> None:
    offline = shopify.install()
    sam = shopify.get("/_control/state")["staff"][1]

    answer = shopify.exchange(kind="online", token=shopify.id_token(user=sam["id"])).json()

    assert answer["associated_user"]["id"] == sam["id"]
    assert answer["associated_user"]["first_name"] == "Sam"
    assert "refresh_token" not in answer
    assert shopify.post_graphql(offline, SHOP).status_code == 200
    assert shopify.post_graphql(answer["access_token"], SHOP).status_code == 200


def test_a_new_offline_token_revokes_the_one_before(shopify: StandIn) -> None:
    first = shopify.exchange().json()
    second = shopify.exchange().json()

    refreshed = shopify.ask_token(refresh(first["refresh_token"]))

    assert shopify.post_graphql(first["access_token"], SHOP).status_code == 401
    assert shopify.post_graphql(second["access_token"], SHOP).status_code == 200
    assert refreshed.status_code == 400
    assert shopify.get("/_control/state")["live_offline_tokens"] == 1


def test_a_refresh_token_lives_until_its_replacement_is_used(shopify: StandIn) -> None:
    first = shopify.exchange().json()

    lost = shopify.ask_token(refresh(first["refresh_token"])).json()
    second = shopify.ask_token(refresh(first["refresh_token"])).json()  # the answer was lost
    third = shopify.ask_token(refresh(second["refresh_token"])).json()
    too_late = shopify.ask_token(refresh(first["refresh_token"]))

    assert shopify.post_graphql(lost["access_token"], SHOP).status_code == 401
    assert shopify.post_graphql(third["access_token"], SHOP).status_code == 200
    assert too_late.status_code == 400
    assert too_late.json()["error"] == "invalid_grant"


def test_a_lost_answer_of_the_token_endpoint_has_moved_the_token(shopify: StandIn) -> None:
    first = shopify.exchange().json()
    shopify.fault("token", "cut", count=1)

    with pytest.raises(requests.RequestException):
        shopify.ask_token(refresh(first["refresh_token"]))

    assert shopify.post_graphql(first["access_token"], SHOP).status_code == 401
    again = shopify.ask_token(refresh(first["refresh_token"])).json()
    assert shopify.post_graphql(again["access_token"], SHOP).status_code == 200


def test_an_expired_access_token_is_401_and_refreshable(shopify: StandIn) -> None:
    pair = shopify.exchange().json()
    shopify.control("tokens/expire")

    dead = shopify.post_graphql(pair["access_token"], SHOP)
    renewed = shopify.ask_token(refresh(pair["refresh_token"])).json()

    assert dead.status_code == 401
    assert shopify.post_graphql(renewed["access_token"], SHOP).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        {"expired": 1},
        {"secret": "foreign"},
        {"aud": "another-app"},
        {"dest": f"https://{BOREALIS}"},
    ],
)
def test_a_bad_id_token_is_invalid_subject_token(shopify: StandIn, query: dict[str, Any]) -> None:
    answer = shopify.exchange(token=shopify.id_token(**query))

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_subject_token"


def test_an_id_token_signed_with_the_old_secret_still_counts(shopify: StandIn) -> None:
    assert shopify.exchange(token=shopify.id_token(secret="old")).status_code == 200


@pytest.mark.parametrize(
    ("change", "error", "status"),
    [
        ({"client_id": "nobody"}, "application_cannot_be_found", 400),
        ({"client_secret": "wrong"}, "invalid_client", 401),
        ({"grant_type": "password"}, "unsupported_grant_type", 400),
        ({"refresh_token": "shprt_unknown"}, "invalid_grant", 400),
    ],
)
def test_a_wrong_grant_is_refused(
    shopify: StandIn, change: dict[str, str], error: str, status: int
) -> None:
    good = refresh(shopify.exchange().json()["refresh_token"])

    answer = shopify.ask_token({**good, **change})

    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_a_token_that_never_expires_is_refused(shopify: StandIn) -> None:
    body = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": shopify.id_token(),
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
    }

    answer = shopify.ask_token(body)

    assert answer.status_code == 400
    assert "expiring" in answer.json()["error_description"]


def test_the_authorization_code_grant_signs_its_redirect_and_works_once(
    shopify: StandIn, process: StandIn
) -> None:
    app_url = process.get("/_control/health")["app_url"]
    query = {
        "client_id": CLIENT_ID,
        "redirect_uri": f"{app_url}/auth/callback",
        "state": "abc",
        "scope": "read_orders",
    }
    authorize = f"{shopify.url}/shops/{AURORA}/admin/oauth/authorize"

    answer = requests.get(authorize, params=query, allow_redirects=False, timeout=10)
    foreign = {**query, "redirect_uri": "https://evil.example.com/auth/callback"}
    refused = requests.get(authorize, params=foreign, allow_redirects=False, timeout=10)

    back = {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
    message = "&".join(f"{key}={back[key]}" for key in sorted(back) if key != "hmac")
    expected = hmac.new(SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()
    assert answer.status_code == 302
    assert (back["state"], back["shop"], back["hmac"]) == ("abc", AURORA, expected)
    assert refused.status_code == 400
    pair = shopify.ask_token({"code": back["code"], "expiring": "1"})
    assert shopify.post_graphql(pair.json()["access_token"], SHOP).status_code == 200
    assert shopify.ask_token({"code": back["code"], "expiring": "1"}).status_code == 400


def test_an_uninstall_kills_the_tokens_before_its_webhook_comes(shopify: StandIn) -> None:
    pair = shopify.exchange().json()

    shopify.control("uninstall")

    assert shopify.post_graphql(pair["access_token"], SHOP).status_code == 401
    assert shopify.ask_token(refresh(pair["refresh_token"])).status_code == 400


def test_a_session_token_has_the_claims_of_the_admin(shopify: StandIn) -> None:
    owner = shopify.get("/_control/state")["staff"][0]
    answer = shopify.session.post(
        f"{shopify.url}/_admin/session-token", json={"shop": AURORA, "user": owner["id"]}
    )

    claims = jwt.decode(answer.json()["token"], SECRET, ["HS256"], audience=CLIENT_ID)
    assert claims["iss"] == f"https://{AURORA}/admin"
    assert claims["dest"] == f"https://{AURORA}"
    assert claims["sub"] == str(owner["id"])
    assert claims["exp"] - claims["iat"] == 60
    assert {"nbf", "jti", "sid"} <= claims.keys()


def refresh(token: str) -> dict[str, str]:
    """The body of a refresh."""
    return {"grant_type": "refresh_token", "refresh_token": token}
