"""Tokens: only for an assertion that the service account's own key has signed, and in date."""

import json
import time
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.sandbox.google.stand_in import StandIn

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "https://www.googleapis.com/auth/wallet_object.issuer"


def assertion(google: StandIn, key: Any = None, kid: str | None = None, **changes: Any) -> str:
    account = json.loads(google.account_file.read_text())
    now = int(time.time())
    claims = {
        "iss": account["client_email"],
        "aud": account["token_uri"],
        "scope": SCOPE,
        "iat": now,
        "exp": now + 3600,
    } | changes
    headers = {"kid": kid or account["private_key_id"]}
    return jwt.encode(claims, key or account["private_key"], "RS256", headers=headers)


def ask(google: StandIn, signed: str, grant: str = GRANT) -> requests.Response:
    form = {"grant_type": grant, "assertion": signed}
    return requests.post(f"{google.url}/token", data=form, timeout=20)


def test_signed_assertion_gets_a_token_that_opens_the_api(google: StandIn) -> None:
    token = ask(google, assertion(google)).json()

    headers = {"Authorization": f"Bearer {token['access_token']}"}
    url = f"{google.url}/walletobjects/v1/loyaltyClass?issuerId=3388000000022195801"
    assert token["token_type"] == "Bearer" and token["expires_in"] == 3600
    assert requests.get(url, headers=headers, timeout=20).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "else@example.com"},
        {"aud": "https://example.com/token"},
        {"exp": 1_700_000_000},
        {"exp": 4_000_000_000},
        {"scope": "openid"},
        {"kid": "another"},
    ],
)
def test_assertion_with_a_wrong_claim_gets_none(google: StandIn, changes: dict[str, Any]) -> None:
    answer = ask(google, assertion(google, **changes))

    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_grant", "invalid_scope")


def test_assertion_of_another_key_gets_none(google: StandIn) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    assert ask(google, assertion(google, key=stranger)).json()["error"] == "invalid_grant"


def test_other_grants_get_none(google: StandIn) -> None:
    answer = ask(google, assertion(google), grant="password")

    assert answer.json()["error"] == "unsupported_grant_type"
    assert ask(google, "garbage").json()["error"] == "invalid_grant"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic eDp5"])
def test_api_is_closed_without_a_token(google: StandIn, header: str) -> None:
    url = f"{google.url}/walletobjects/v1/loyaltyClass/x.y"

    answer = requests.get(url, headers={"Authorization": header}, timeout=20)

    assert answer.status_code == 401
    assert answer.json()["error"]["status"] == "UNAUTHENTICATED"
    assert "WWW-Authenticate" in answer.headers


def test_key_file_is_for_its_owner_only(google: StandIn) -> None:
    assert google.account_file.stat().st_mode & 0o077 == 0
