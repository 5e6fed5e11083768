"""Who may see a page of the admin: the bearer of a session token, and nobody by a cookie.

A document load may carry the token in its address; a change only ever as a Bearer header, which
no foreign site can set.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec
from urllib.parse import urlencode

import structlog
from flask import Response, g, redirect, request
from flask.typing import ResponseReturnValue

from loyalty.audit import Actor
from shopify_app.platform import installations, session_tokens, staff
from shopify_app.platform.errors import InvalidSessionToken, RefusedSessionToken, ShopifyError
from shopify_app.platform.session_tokens import SessionToken
from shopify_app.platform.settings import current

log = structlog.get_logger()

BOUNCE_PATH = "/session-token-bounce"
RETRY_HEADER = "X-Shopify-Retry-Invalid-Session-Request"

_P = ParamSpec("_P")
View = Callable[_P, ResponseReturnValue]


def admin_page(view: View[_P]) -> View[_P]:
    """Let `view` run for a verified shop alone; it finds `g.shop_id`, `g.shop_domain`, `g.actor`.

    Otherwise: a document is sent to fetch a token, a fetch gets 401 and is repeated by App
    Bridge, a token of another shop than the address names gets 403.
    """

    @wraps(view)
    def guarded(*args: _P.args, **kwargs: _P.kwargs) -> ResponseReturnValue:
        refusal = _let_in()
        return view(*args, **kwargs) if refusal is None else refusal

    return guarded


def bounce_address() -> str:
    """Where this document load gets a token, and then comes back to."""
    arguments = [(k, v) for k, v in request.args.items(multi=True) if k != "id_token"]
    kept = [(k, v) for k, v in arguments if k != "shopify-reload"]
    target = current().app_url.rstrip("/") + request.path
    target += f"?{urlencode(kept)}" if kept else ""
    return f"{BOUNCE_PATH}?{urlencode([*kept, ('shopify-reload', target)])}"


def _let_in() -> Response | None:
    bearer = _bearer()
    is_document = bearer is None and _is_document()
    raw = request.args.get("id_token") if is_document else bearer
    if not raw:
        return _ask_for_token(is_document)
    try:
        token = session_tokens.verify(raw, current())
        if request.args.get("shop", token.shop_domain) != token.shop_domain:
            return Response("This address is another shop's.", 403)
        # Known from here on, so that this shop's admin may frame even a refusal.
        g.shop_domain = token.shop_domain
        shop_id = installations.ensure_installed(token)
    except (InvalidSessionToken, RefusedSessionToken) as error:
        log.info("session_token_refused", reason=str(error), document=is_document)
        return _ask_for_token(is_document)
    except ShopifyError as error:
        log.warning("install_failed", reason=str(error))
        # A shop that only lost its token still has its books here: it sees them, and a banner.
        lost = installations.find_lost(token.shop_domain)
        if lost is None:
            return Response("Shopify did not answer. Please reload this page.", 503)
        shop_id = lost
    _remember(token, shop_id)
    if is_document:
        staff.learn(shop_id, token)
    return None


def _is_document() -> bool:
    """Whether a browser loads a page here; a script's fetch says that it is none."""
    is_read = request.method in ("GET", "HEAD")
    return is_read and request.headers.get("Sec-Fetch-Dest", "document") != "empty"


def _bearer() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _ask_for_token(is_document: bool) -> Response:
    if is_document:
        return redirect(bounce_address(), 302)  # type: ignore[return-value]
    return Response(status=401, headers={RETRY_HEADER: "1"})


def _remember(token: SessionToken, shop_id: int) -> None:
    g.shop_id = shop_id
    g.actor = Actor("staff", str(token.user_id))
