"""Shopify's token endpoint: session or refresh tokens in, access tokens out. No database."""

from dataclasses import dataclass
from typing import Any

import requests

from shopify_app.platform.errors import DeadRefreshToken, RefusedSessionToken, ShopifyError
from shopify_app.platform.settings import current, shop_url
from shopify_app.platform.token_pairs import TokenPair

_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
_OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
_ONLINE = "urn:shopify:params:oauth:token-type:online-access-token"
_TIMEOUT_S = (3, 10)
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


def exchange_online(domain: str, session_token: str) -> StaffFacts:
    """Who the session token's user is. The online token itself is dropped: we act as the app."""
    answer = _exchange(domain, session_token, _ONLINE)
    user = answer.get("associated_user")
    if not isinstance(user, dict) or not isinstance(user.get("id"), int):
        raise ShopifyError("the online token names no user")
    name = " ".join(str(user[key]) for key in ("first_name", "last_name") if user.get(key))
    return StaffFacts(user["id"], name or str(user.get("email") or user["id"]), user.get("email"))


def refresh(domain: str, refresh_token: str) -> TokenPair:
    """The next pair. DeadRefreshToken when Shopify will never take this refresh token again."""
    status, answer = _post(domain, {"grant_type": "refresh_token", "refresh_token": refresh_token})
    if status in (400, 401, 403) and answer.get("error") not in _OUR_FAULT:
        raise DeadRefreshToken(f"refresh answered {status} {answer.get('error')}")
    return _pair(_expect_ok("refresh", status, answer))


def _exchange(domain: str, session_token: str, wanted: str, **more: Any) -> dict[str, Any]:
    status, answer = _post(
        domain,
        {
            "grant_type": _EXCHANGE,
            "subject_token": session_token,
            "subject_token_type": _ID_TOKEN,
            "requested_token_type": wanted,
            **more,
        },
    )
    if status == 400 and answer.get("error") == "invalid_subject_token":
        raise RefusedSessionToken("Shopify refused the session token")
    return _expect_ok("token exchange", status, answer)


def _post(domain: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
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
    return response.status_code, _json_object(response)


def _json_object(response: requests.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except requests.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _expect_ok(what: str, status: int, answer: dict[str, Any]) -> dict[str, Any]:
    if status == 200 and isinstance(answer.get("access_token"), str):
        return answer
    retryable = status == 429 or status >= 500 or status == 200
    raise ShopifyError(f"{what} answered {status} {answer.get('error', '')}", retryable=retryable)


def _pair(answer: dict[str, Any]) -> TokenPair:
    return TokenPair(
        access_token=answer["access_token"],
        expires_in_s=_seconds(answer.get("expires_in")),
        refresh_token=answer.get("refresh_token"),
        refresh_expires_in_s=_seconds(answer.get("refresh_token_expires_in")),
        scopes=str(answer.get("scope", "")),
    )


def _seconds(value: object) -> int | None:
    return int(value) if isinstance(value, int | str) and str(value).isdigit() else None
