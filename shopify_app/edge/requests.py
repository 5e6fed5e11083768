"""Around each request: its id, one line of access log and its metrics.

Only the route's pattern is logged, never the path or the query: both carry tokens.
"""

import re
import time
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram

log = structlog.get_logger()

requests_total = Counter(
    "encore_http_requests_total", "Requests by route and status", ("method", "route", "status")
)
request_seconds = Histogram(
    "encore_http_request_seconds",
    "Time to answer, by route",
    ("route",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET_ROUTES = frozenset({"/healthz", "/readyz", "/metrics", "/static/<path:filename>"})


def init_app(app: Flask) -> None:
    """Watch every request of `app`."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_forget)


def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
    g.began = time.monotonic_ns()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    if "began" not in g:  # refused before we saw it
        return response
    microseconds = (time.monotonic_ns() - g.began) // 1000
    # What no route knows is one label: scanners must not make a series per path.
    route = request.url_rule.rule if request.url_rule else "none"
    method = request.method if request.method in _METHODS else "other"
    requests_total.labels(method, route, response.status_code).inc()
    request_seconds.labels(route).observe(microseconds / 1_000_000)
    response.headers["X-Request-Id"] = g.request_id
    if route not in _QUIET_ROUTES:
        _log(response, method, route, microseconds // 1000)
    return response


def _log(response: Response, method: str, route: str, milliseconds: int) -> None:
    fields = {"method": method, "route": route, "status": response.status_code, "ms": milliseconds}
    shop_id = g.get("shop_id")
    if shop_id is not None:
        fields["shop"] = shop_id
    log.info("request_answered", **fields)


def _forget(_error: BaseException | None) -> None:
    structlog.contextvars.clear_contextvars()
