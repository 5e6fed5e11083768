"""Shopify's token endpoint: session tokens, codes or refresh tokens in, access tokens out.

No database.
"""

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from shopify_app.platform.errors import (
    DeadRefreshToken,
    RefusedCode,
    RefusedSessionToken,
    ShopifyError,
)
from shopify_app.platform.settings import current, shop_url
from shopify_app.platform.token_pairs import TokenPair

_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
_OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
_ONLINE = "urn:shopify:params:oauth:token-type:online-access-token"
_TIMEOUT_S = (3, 10)
# The token is dead, or its shop is closed; 402 and 423 are shops that may thaw, 429 is haste.
_DEAD = (400, 401, 403, 404, 410)
# A wrong setting of ours must not look like the death of every shop's token.
_OUR_FAULT = ("invalid_client", "application_cannot_be_found", "unsupported_grant_type")


@dataclass(frozen=True, slots=True)
class StaffFacts:
    """The person a session token stands for, as Shopify calls them."""

    user_id: int
    name: str
    email: str | None


def exchange_offline(domain: str, session_token: str) -> TokenPair:
    """An expiring offline token. It revokes every earlier one of the shop: ask only when needed."""
    return _pair(_exchange(domain, session_token, _OFFLINE, expiring=1))


def exchange_code(domain: str, code: str) -> TokenPair:
    """An expiring offline token for an authorization code; RefusedCode when it is not good."""
    answer = _post(domain, {"code": code, "expiring": 1})
    if answer.status == 400 and answer.body.get("error") not in _OUR_FAULT:
        raise RefusedCode(f"the code was refused: {answer.body.get('error')}")
    return _pair(_expect_ok("the code's exchange", answer))


def exchange_online(domain: str, session_token: str) -> StaffFacts:
    """Who the session token's user is. The online token itself is dropped: we act as the app."""
    user = _exchange(domain, session_token, _ONLINE).body.get("associated_user")
    if not isinstance(user, dict) or not isinstance(user.get("id"), int):
        raise ShopifyError("the online token names no user")
    name = " ".join(str(user[key]) for key in ("first_name", "last_name") if user.get(key))
    return StaffFacts(user["id"], name or str(user.get("email") or user["id"]), user.get("email"))


def refresh(domain: str, refresh_token: str) -> TokenPair:
    """The next pair. DeadRefreshToken when Shopify will never take this refresh token again."""
    answer = _post(domain, {"grant_type": "refresh_token", "refresh_token": refresh_token})
    if answer.status in _DEAD and answer.body.get("error") not in _OUR_FAULT:
        raise DeadRefreshToken(f"refresh answered {answer.status} {answer.body.get('error')}")
    return _pair(_expect_ok("refresh", answer))


@dataclass(frozen=True, slots=True)
class _Answer:
    """`at` is Shopify's clock, from the Date header, if it was there."""

    status: int
    body: dict[str, Any]
    at: datetime | None


def _exchange(domain: str, session_token: str, wanted: str, **more: Any) -> _Answer:
    answer = _post(
        domain,
        {
            "grant_type": _EXCHANGE,
            "subject_token": session_token,
            "subject_token_type": _ID_TOKEN,
            "requested_token_type": wanted,
            **more,
        },
    )
    if answer.status == 400 and answer.body.get("error") == "invalid_subject_token":
        raise RefusedSessionToken("Shopify refused the session token")
    return _expect_ok("token exchange", answer)


def _post(domain: str, body: dict[str, Any]) -> _Answer:
    settings = current()
    identity = {
        "client_id": settings.shopify_api_key,
        "client_secret": settings.shopify_api_secret.get_secret_value(),
    }
    try:
        response = requests.post(
            f"{shop_url(domain)}/admin/oauth/access_token",
            json=identity | body,
            headers={"Accept": "application/json"},
            timeout=_TIMEOUT_S,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        # The error's own text holds the address; nothing secret is in it, but nothing needs it.
        raise ShopifyError(f"token endpoint: {type(error).__name__}", retryable=True) from None
    return _Answer(response.status_code, _json_object(response), _date(response))


def _json_object(response: requests.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except requests.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _date(response: requests.Response) -> datetime | None:
    try:
        moment = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _expect_ok(what: str, answer: _Answer) -> _Answer:
    status = answer.status
    if status == 200 and isinstance(answer.body.get("access_token"), str):
        return answer
    retryable = status in (200, 402, 423, 429) or status >= 500
    error = answer.body.get("error", "")
    raise ShopifyError(f"{what} answered {status} {error}", retryable=retryable)


def _pair(answer: _Answer) -> TokenPair:
    granted = answer.body
    return TokenPair(
        access_token=granted["access_token"],
        expires_in_s=_seconds(granted.get("expires_in")),
        refresh_token=granted.get("refresh_token"),
        refresh_expires_in_s=_seconds(granted.get("refresh_token_expires_in")),
        scopes=str(granted.get("scope", "")),
        granted_at=answer.at,
    )


def _seconds(value: object) -> int | None:
    return int(value) if isinstance(value, int | str) and str(value).isdigit() else None
