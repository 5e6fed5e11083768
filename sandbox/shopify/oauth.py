"""Shopify's OAuth addresses: the token endpoint and the page where a merchant says yes."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, g, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from .changes.shops import change_scopes
from .faulty import cut_answer, failed_answer
from .frame.addresses import host_parameter
from .session_tokens import InvalidSubjectToken, check
from .store.shop import Shop
from .tokens import ACCESS_LIFETIME, ONLINE_LIFETIME, REFRESH_LIFETIME, Pair
from .world import World

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
ONLINE = "urn:shopify:params:oauth:token-type:online-access-token"


class _Refused(Exception):
    """An OAuth error answer."""

    def __init__(self, error: str, description: str = "", status: int = 400) -> None:
        super().__init__(error)
        self.error, self.description, self.status = error, description, status


def oauth_pages(world: World) -> Blueprint:
    """`/shops/<domain>/admin/oauth/…`."""
    pages = Blueprint("oauth", __name__)

    @pages.post("/shops/<domain>/admin/oauth/access_token")
    def access_token(domain: str) -> Response:
        fault = failed_answer(world, "token")
        if fault:
            return fault
        try:
            return cut_answer(world, "token", _private(jsonify(_grant(world, domain))))
        except _Refused as refused:
            answer = {"error": refused.error, "error_description": refused.description}
            g.note = refused.error
            return _private(jsonify(answer), refused.status)

    @pages.get("/shops/<domain>/admin/oauth/authorize")
    def authorize(domain: str) -> BaseResponse:
        return _authorize(world, domain)

    return pages


def _grant(world: World, domain: str) -> dict[str, Any]:
    """The answer of the token endpoint, else _Refused."""
    body: dict[str, Any] = request.get_json(silent=True) or request.form.to_dict()
    shop = world.shops.get(domain)
    if shop is None:
        raise _Refused("invalid_request", "unknown shop", 404)
    settings = world.settings
    if body.get("client_id") != settings.client_id:
        raise _Refused("application_cannot_be_found")
    if body.get("client_secret") not in (settings.client_secret, settings.old_client_secret):
        raise _Refused("invalid_client", "The client secret is wrong", 401)
    grant_type = body.get("grant_type")
    g.note = str(grant_type or "authorization_code").rpartition(":")[2]
    if grant_type == TOKEN_EXCHANGE:
        return _exchange(world, shop, body)
    if grant_type == "refresh_token":
        return _refresh(world, shop, body)
    if grant_type in (None, "authorization_code") and body.get("code"):
        return _code(world, shop, body)
    raise _Refused("unsupported_grant_type")


def _exchange(world: World, shop: Shop, body: dict[str, Any]) -> dict[str, Any]:
    """An id token for an access token."""
    if body.get("subject_token_type") != ID_TOKEN:
        raise _Refused("invalid_request", "subject_token_type must be an id_token")
    try:
        claims = check(world.settings, str(body.get("subject_token")), shop.domain)
    except InvalidSubjectToken as reason:
        raise _Refused("invalid_subject_token", str(reason)) from reason
    wanted = body.get("requested_token_type")
    if wanted == OFFLINE:
        _require_expiring(body)
        world.install(shop)
        return _pair(shop, world.tokens.issue_offline(shop.domain))
    if wanted == ONLINE:
        world.install(shop)
        return _online(world, shop, int(claims["sub"]))
    raise _Refused("invalid_request", "requested_token_type is unknown")


def _refresh(world: World, shop: Shop, body: dict[str, Any]) -> dict[str, Any]:
    """A refresh token for the next pair; of a shop without the app there is none."""
    pair = None
    if shop.is_installed:
        pair = world.tokens.refresh(shop.domain, str(body.get("refresh_token")))
    if pair is None:
        raise _Refused("invalid_grant", "The refresh token is unknown, revoked or expired")
    return _pair(shop, pair)


def _code(world: World, shop: Shop, body: dict[str, Any]) -> dict[str, Any]:
    """An authorization code for the first pair."""
    _require_expiring(body)
    if not world.tokens.use_code(shop.domain, str(body["code"])):
        raise _Refused("invalid_request", "The authorization code was not found or already used")
    world.install(shop)
    return _pair(shop, world.tokens.issue_offline(shop.domain))


def _require_expiring(body: dict[str, Any]) -> None:
    """Apps created since 2026-04-01 get no token that lasts for ever."""
    if str(body.get("expiring", "")).lower() not in ("1", "true"):
        raise _Refused("invalid_request", "This app must request expiring offline tokens")


def _pair(shop: Shop, pair: Pair) -> dict[str, Any]:
    assert pair.refresh is not None
    return {
        "access_token": pair.access.token,
        "scope": ",".join(shop.granted_scopes),
        "expires_in": int(ACCESS_LIFETIME.total_seconds()),
        "refresh_token": pair.refresh.token,
        "refresh_token_expires_in": int(REFRESH_LIFETIME.total_seconds()),
    }


def _online(world: World, shop: Shop, user_id: int) -> dict[str, Any]:
    """A token of the staff member who is there, and who that is."""
    member = shop.find("StaffMember", user_id)
    if member is None:
        raise _Refused("invalid_subject_token", "no such staff member")
    scope = ",".join(shop.granted_scopes)
    return {
        "access_token": world.tokens.issue_online(shop.domain, user_id).token,
        "scope": scope,
        "expires_in": int(ONLINE_LIFETIME.total_seconds()) - 1,
        "associated_user_scope": scope,
        "associated_user": {
            "id": member.id,
            "first_name": member.first_name,
            "last_name": member.last_name,
            "email": member.email,
            "account_owner": member.account_owner,
            "locale": "en",
            "collaborator": False,
            "email_verified": True,
        },
    }


def _authorize(world: World, domain: str) -> BaseResponse:
    """The merchant agrees: back to the app with a code, the state and an hmac."""
    shop = world.shops.get(domain)
    target = request.args.get("redirect_uri", "")
    if shop is None or request.args.get("client_id") != world.settings.client_id:
        return Response("Oauth error invalid_request: unknown shop or application", 400)
    if urlsplit(target).netloc != urlsplit(world.settings.app_url).netloc:
        return Response("Oauth error invalid_request: The redirect_uri is not whitelisted", 400)
    _grant_scopes(world, shop, request.args.get("scope", ""))
    owner = shop.staff[0]
    query = {
        "code": world.tokens.issue_code(domain, target, owner.id),
        "host": host_parameter(shop),
        "shop": domain,
        "timestamp": str(int(time.time())),
    }
    if "state" in request.args:
        query["state"] = request.args["state"]
    query["hmac"] = query_hmac(query, world.settings.client_secret)
    return redirect(f"{target}?{urlencode(query)}")


def _grant_scopes(world: World, shop: Shop, asked: str) -> None:
    """Add what is asked for and stands in the configuration; the app is told if it is installed."""
    known = [*world.settings.scopes, *world.settings.optional_scopes]
    with world.lock:
        fresh = [s for s in asked.split(",") if s in known and s not in shop.granted_scopes]
        if shop.is_installed and fresh:
            change_scopes(world, shop, [*shop.granted_scopes, *fresh])


def query_hmac(query: dict[str, str], secret: str) -> str:
    """Hex HMAC over the sorted query without `hmac`, as Shopify signs its links."""
    message = "&".join(f"{key}={query[key]}" for key in sorted(query) if key != "hmac")
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def _private(response: Response, status: int = 200) -> Response:
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
