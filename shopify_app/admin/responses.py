"""What every answer of the pages carries: a strict policy, no caching of data, compression."""

import gzip
import json

from flask import Response, g, make_response, request

from shopify_app.platform.security import content_security_policy

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
        domain = g.get("shop_domain")
        policy = content_security_policy(f"https://{domain}" if domain else None)
        response.headers.setdefault("Content-Security-Policy", policy)
    return _compress(response)


def go_to(address: str, message: str) -> Response:
    """The answer to a form that is done with: the page at `address`, and a toast."""
    where = {
        "path": address,
        "target": "#main",
        "select": "#main",
        "swap": "outerHTML show:top",
        "push": "true",
    }
    response = make_response("", 204)
    response.headers["HX-Location"] = json.dumps(where)
    return tell(response, message)


def look_again(address: str, part: str) -> Response:
    """The answer to a poll that shows another state: the page fetches all of `part` (`#id`)."""
    where = {
        "path": address,
        "target": part,
        "select": part,
        "swap": "outerHTML",
        "replace": "true",
    }
    response = make_response("", 204)
    response.headers["HX-Location"] = json.dumps(where)
    return response


def tell(response: Response, message: str) -> Response:
    """The same answer; the page says in a toast what was done."""
    response.headers["HX-Trigger"] = json.dumps({"encore:toast": {"message": message}})
    return response


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
