"""What every answer of the pages carries: a strict policy, no caching of data, compression."""

import gzip
from urllib.parse import urlsplit

from flask import Response, g, request

from shopify_app.platform.settings import current

_YEAR_S = 365 * 24 * 3600
_COMPRESSED = ("text/html", "text/css", "text/javascript", "application/javascript")
_COMPRESSED_BYTES_MIN = 1000


def finish(response: Response) -> Response:
    """Set the headers that fit the content, then compress it."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    if request.endpoint == "admin.static":
        # The address changes with the content, see assets.static_url.
        response.headers["Cache-Control"] = f"public, max-age={_YEAR_S}, immutable"
    elif response.mimetype == "text/html":
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "origin"
        response.headers["Content-Security-Policy"] = _policy()
    return _compress(response)


def _policy() -> str:
    """Only our own files and App Bridge run; only this shop's admin may frame the page."""
    bridge = urlsplit(current().app_bridge_url)
    source = f"{bridge.scheme}://{bridge.netloc}"
    rules = {
        "default-src": "'none'",
        "script-src": f"'self' {source}",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": f"'self' {source}",
        "form-action": "'self'",
        "base-uri": "'none'",
        "object-src": "'none'",
        "frame-ancestors": _framers(),
    }
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())


def _framers() -> str:
    domain = g.get("shop_domain")
    if domain is None:
        return "'none'"
    return f"https://{domain} https://admin.shopify.com {current().admin_origins}".strip()


def _compress(response: Response) -> Response:
    """Gzip: the pages hold no secret that an attacker could guess by their length."""
    if (
        response.mimetype not in _COMPRESSED
        or response.status_code != 200
        or "Content-Encoding" in response.headers
        or "gzip" not in request.headers.get("Accept-Encoding", "")
    ):
        return response
    response.direct_passthrough = False
    body = response.get_data()
    if len(body) >= _COMPRESSED_BYTES_MIN:
        response.set_data(gzip.compress(body, 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    response.headers.add("Vary", "Accept-Encoding")
    return response
