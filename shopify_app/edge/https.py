"""HTTPS only, outside the sandbox: a redirect for readers, a refusal for writers, and HSTS."""

from flask import Flask, Response, abort, redirect, request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as AnyResponse

HSTS = "max-age=31536000; includeSubDomains"
_PROBES = frozenset({"/healthz", "/readyz"})


def init_app(app: Flask) -> None:
    """Trust one proxy's X-Forwarded-Proto and -For, and let nothing pass in the clear."""
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]
    app.before_request(_require_https)
    app.after_request(_promise_https)


def _require_https() -> AnyResponse | None:
    if request.is_secure or request.path in _PROBES:
        return None
    # A body that came in the clear has already leaked: sending it again would hide that.
    if request.method not in ("GET", "HEAD"):
        abort(403)
    return redirect(request.url.replace("http://", "https://", 1), 301)


def _promise_https(response: Response) -> Response:
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = HSTS
    return response
