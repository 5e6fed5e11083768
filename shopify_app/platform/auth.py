"""The bounce page, and both ends of the authorization-code grant.

The bounce page holds no data, only App Bridge, which fetches a token and goes back: so it is the
one page that any shop may frame, for a reload inside the admin can have lost the shop's name.
"""

from urllib.parse import urlsplit

import structlog
from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from loyalty.base.clock import utc_now
from loyalty.base.db import shopless_transaction
from shopify_app.platform import grant_states, grants, installations
from shopify_app.platform.admin_auth import BOUNCE_PATH
from shopify_app.platform.errors import BadCallback, RefusedCode, ShopifyError
from shopify_app.platform.security import ANY_SHOP, content_security_policy
from shopify_app.platform.session_tokens import is_shop_domain
from shopify_app.platform.settings import current

log = structlog.get_logger()

blueprint = Blueprint("auth", __name__)

_PAGE = Markup(
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Loading</title>'
    '<meta name="shopify-api-key" content="{key}"><script src="{bridge}"></script>'
    "</head><body></body></html>"
)
_MESSAGE = Markup(
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1"></head>'
    "<body><h1>{title}</h1><p>{text}</p>{way}</body></html>"
)
_WAY = Markup('<p><a href="{address}" target="_top">{label}</a></p>')


@blueprint.get("/auth")
def begin() -> ResponseReturnValue:
    """Send the merchant to Shopify's grant page; nothing is stored. 400 for what is no shop.

    Shopify's page cannot be framed: inside a frame there is a link that leaves it.
    """
    domain = request.args.get("shop", "")
    if not is_shop_domain(domain):
        return _say("This is no Shopify store", "Open Encore from the apps in your Shopify admin.")
    address = grants.authorize_url(domain, grant_states.issue(domain, now=utc_now()))
    if request.headers.get("Sec-Fetch-Dest") == "iframe":
        way = _WAY.format(address=address, label="Go on at Shopify")
        page = _say(
            "Encore needs your permission", "Shopify asks for it on a page of its own.", way
        )
        page.status_code = 200
        page.headers["Content-Security-Policy"] = content_security_policy(f"https://{domain}")
        return page
    return _private(redirect(address, 302))  # type: ignore[arg-type]


@blueprint.get(grants.CALLBACK_PATH)
def come_back() -> ResponseReturnValue:
    """Install the shop with the code that Shopify gave, then go into its admin.

    403 for what is not genuine, not of now or not asked for by us: then nothing is written.
    400 when Shopify refuses the code: the state is used up all the same.
    """
    now, pairs = utc_now(), list(request.args.items(multi=True))
    try:
        callback = grants.read_callback(pairs, settings=current(), now=now)
        expires_at = grant_states.check(callback.state, callback.domain, now=now)
        with shopless_transaction() as session:
            grant_states.use(session, callback.state, expires_at=expires_at, now=now)
        installations.install_by_code(callback.domain, callback.code)
    except BadCallback as refusal:
        log.warning("grant_refused", reason=str(refusal))
        return _say("This link cannot be used", "Open Encore from your Shopify admin.", status=403)
    except RefusedCode as refusal:
        log.warning("grant_refused", reason=str(refusal))
        way = _WAY.format(address=f"/auth?shop={callback.domain}", label="Try again")
        return _say("Shopify did not confirm the installation", "Please try again.", way, 400)
    except ShopifyError as error:
        log.warning("install_failed", reason=str(error))
        way = _WAY.format(address=f"/auth?shop={callback.domain}", label="Try again")
        return _say("Shopify did not answer", "Please try again in a moment.", way, 503)
    return _private(redirect(grants.app_address(callback.domain), 302))  # type: ignore[arg-type]


@blueprint.get(BOUNCE_PATH)
def bounce() -> Response:
    """The empty page; 400 when it is to lead anywhere but back to this app."""
    if not _is_own(request.args.get("shopify-reload", "")):
        return Response(status=400)
    settings = current()
    page = _PAGE.format(key=settings.shopify_api_key, bridge=settings.app_bridge_url)
    response = Response(page, mimetype="text/html")
    response.headers["Content-Security-Policy"] = content_security_policy(ANY_SHOP)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "origin"
    return response


def _say(title: str, text: str, way: str = "", status: int = 400) -> Response:
    page = _MESSAGE.format(title=title, text=text, way=way)
    response = Response(page, status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = content_security_policy(None)
    return _private(response)


def _private(response: Response) -> Response:
    """Codes and states stand in the address: it is neither stored nor passed on."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _is_own(target: str) -> bool:
    """Whether `target` is an absolute address of this app, and no trick of spelling."""
    if "\\" in target or not target.isascii() or not target.isprintable():
        return False
    wanted, found = urlsplit(current().app_url), urlsplit(target)
    return (found.scheme, found.netloc) == (wanted.scheme, wanted.netloc)
