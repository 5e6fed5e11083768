"""Headers of every answer: who may frame it, what it may load, no cookie, HTTPS."""

from urllib.parse import urlsplit

from flask import Flask, Response, g, redirect, request
from werkzeug.middleware.proxy_fix import ProxyFix

from shopify_app.platform.settings import current

ANY_SHOP = "https://*.myshopify.com"
_ADMIN = "https://admin.shopify.com"
_HSTS = "max-age=63072000; includeSubDomains"
_PLAIN_HTTP = ("/healthz",)
"""What a load balancer asks for from inside, without TLS."""


def protect(app: Flask) -> None:
    """Set the headers on every answer of `app`; a view's own policy stands."""
    if not current().sandbox:
        # One proxy of ours ends TLS; what it says of the scheme is true.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]
    app.before_request(_insist_on_https)
    app.after_request(_set_headers)


def content_security_policy(frame_ancestor: str | None) -> str:
    """The policy of a page that `frame_ancestor` (a shop's origin) may frame; None: nobody may."""
    bridge = _origin(current().app_bridge_url)
    directives = {
        "default-src": "'none'",
        "script-src": f"'self' {bridge}",
        "style-src": "'self'",
        "img-src": "'self' data: https://cdn.shopify.com",
        "font-src": "'self' https://cdn.shopify.com",
        "connect-src": f"'self' {bridge}",
        "form-action": "'self'",
        "base-uri": "'none'",
        "object-src": "'none'",
        "frame-ancestors": _ancestors(frame_ancestor),
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def _ancestors(shop_origin: str | None) -> str:
    if shop_origin is None:
        return "'none'"
    return " ".join([shop_origin, _ADMIN, *current().admin_origins.replace(",", " ").split()])


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _insist_on_https() -> Response | None:
    if current().sandbox or request.is_secure or request.path in _PLAIN_HTTP:
        return None
    path = request.full_path.rstrip("?")
    return redirect(current().app_url.rstrip("/") + path, 308)  # type: ignore[return-value]


def _set_headers(response: Response) -> Response:
    if response.mimetype == "text/html":
        domain = g.get("shop_domain")
        policy = content_security_policy(f"https://{domain}" if domain else None)
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Cache-Control", "no-store")
    # The token of a document load stands in its address: no other site may be told it.
    response.headers.setdefault("Referrer-Policy", "origin")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.remove("Set-Cookie")
    if not current().sandbox:
        response.headers["Strict-Transport-Security"] = _HSTS
    return response
