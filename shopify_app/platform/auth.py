"""The bounce page: it holds no data, only App Bridge, which fetches a token and goes back.

Because it holds no data it is the one page that any shop may frame: a reload inside the admin
can have lost the shop's name.
"""

from urllib.parse import urlsplit

from flask import Blueprint, Response, request
from markupsafe import Markup

from shopify_app.platform.admin_auth import BOUNCE_PATH
from shopify_app.platform.security import ANY_SHOP, content_security_policy
from shopify_app.platform.settings import current

blueprint = Blueprint("auth", __name__)

_PAGE = Markup(
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Loading</title>'
    '<meta name="shopify-api-key" content="{key}"><script src="{bridge}"></script>'
    "</head><body></body></html>"
)


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


def _is_own(target: str) -> bool:
    """Whether `target` is an absolute address of this app, and no trick of spelling."""
    if "\\" in target or not target.isascii() or not target.isprintable():
        return False
    wanted, found = urlsplit(current().app_url), urlsplit(target)
    return (found.scheme, found.netloc) == (wanted.scheme, wanted.netloc)
