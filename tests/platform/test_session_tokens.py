"""A session token is believed only when every claim of it holds (R5)."""

import time
from typing import Any

import jwt
import pytest

from config import Settings
from shopify_app.platform.errors import InvalidSessionToken
from shopify_app.platform.session_tokens import verify
from tests.platform.tokens import OLD_SECRET, claims, token


def test_a_genuine_token_names_shop_and_user(settings: Settings) -> None:
    found = verify(token(), settings)

    assert (found.shop_domain, found.user_id) == ("aurora.myshopify.com", 7)


def test_the_old_secret_still_signs_while_it_is_rotated(settings: Settings) -> None:
    assert verify(token(OLD_SECRET), settings).user_id == 7


def test_a_clock_ten_seconds_off_is_forgiven(settings: Settings) -> None:
    now = int(time.time())

    assert verify(token(exp=now - 8, nbf=now - 68), settings)
    assert verify(token(nbf=now + 8), settings)


@pytest.mark.parametrize(
    "wrong",
    [
        {"exp": 1},
        {"exp": int(time.time()) - 30},
        {"nbf": int(time.time()) + 3600},
        {"aud": "another-app"},
        {"aud": ["encore-test-client-id", "another-app"]},
        {"dest": "https://evil.com", "iss": "https://evil.com/admin"},
        {
            "dest": "https://aurora.myshopify.com.evil.com",
            "iss": "https://aurora.myshopify.com.evil.com/admin",
        },
        {"dest": "http://aurora.myshopify.com"},
        {
            "dest": "https://aurora.myshopify.com:8443",
            "iss": "https://aurora.myshopify.com:8443/admin",
        },
        {"dest": "https://x@aurora.myshopify.com", "iss": "https://x@aurora.myshopify.com/admin"},
        {"dest": "https://-a.myshopify.com", "iss": "https://-a.myshopify.com/admin"},
        {"dest": "aurora.myshopify.com"},
        {"dest": "https://borealis.myshopify.com"},
        {"iss": "https://borealis.myshopify.com/admin"},
        {"sub": "gid://shopify/Customer/7"},
        {"sub": "٧"},
    ],
)
def test_a_wrong_claim_is_refused(settings: Settings, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidSessionToken):
        verify(token(**wrong), settings)


@pytest.mark.parametrize("name", ["exp", "nbf", "aud", "iss", "dest", "sub"])
def test_a_missing_claim_is_refused(settings: Settings, name: str) -> None:
    with pytest.raises(InvalidSessionToken):
        verify(token(**{name: None}), settings)


def test_another_secret_is_refused(settings: Settings) -> None:
    with pytest.raises(InvalidSessionToken):
        verify(token("some-other-secret-of-thirty-two-characters"), settings)


def test_only_the_one_algorithm_is_taken(settings: Settings) -> None:
    unsigned = jwt.encode(claims(), None, algorithm="none")

    for forged in (unsigned, token(algorithm="HS512"), "", "a.b", "a.b.c"):
        with pytest.raises(InvalidSessionToken):
            verify(forged, settings)
