"""Webhooks in: a genuine delivery is a row in the inbox before it is answered, and nothing else.

The signature covers the raw bytes and is checked before anything is looked at. JSON is never
parsed here. Deliveries are answered in front of Flask, whose work on a request costs more than
all of ours; see docs/decisions.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from flask import Blueprint, Response, request
from flask.blueprints import BlueprintSetupState
from prometheus_client import Counter
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wsgi import get_content_length, get_input_stream

from loyalty.base.clock import utc_now
from loyalty.base.db import shopless_transaction
from shopify_app.platform import inbox_writer, shop_ids
from shopify_app.platform.inbox_insert import Arrival
from shopify_app.platform.session_tokens import is_shop_domain
from shopify_app.platform.settings import current, secrets
from shopify_app.platform.tables import StrayWebhook

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger()
blueprint = Blueprint("webhooks", __name__)

PATHS = ("/webhooks", "/webhooks/compliance")
BODY_BYTES_MAX = 2 * 1024 * 1024
_HEADER_LENGTH_MAX = 255
_STATUS_LINES = {
    200: "200 OK",
    400: "400 Bad Request",
    401: "401 Unauthorized",
    413: "413 Content Too Large",
    503: "503 Service Unavailable",
}

deliveries_total = Counter("encore_webhooks_total", "Webhook deliveries by answer", ("status",))
_counters = {status: deliveries_total.labels(status) for status in _STATUS_LINES}


@blueprint.post(PATHS[0])
@blueprint.post(PATHS[1])
def receive() -> Response:
    """What the door let by: a delivery without TLS, which the edge refuses first."""
    return Response(status=answer(request.environ))


@blueprint.record_once
def _stand_before(state: BlueprintSetupState) -> None:
    state.app.wsgi_app = _door(state.app.wsgi_app)  # type: ignore[attr-defined]


def _door(inside: "WSGIApplication") -> "WSGIApplication":
    """Answer deliveries; everything else, and what came without TLS, is for `inside`."""

    def serve(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        is_delivery = environ["PATH_INFO"] in PATHS and environ["REQUEST_METHOD"] == "POST"
        if not is_delivery or not _came_by_tls(environ):
            return inside(environ, start_response)
        start_response(_STATUS_LINES[answer(environ)], [("Content-Length", "0")])
        return []  # a list: the server sends it without asking for more

    return serve


def _came_by_tls(environ: "WSGIEnvironment") -> bool:
    scheme = environ.get("HTTP_X_FORWARDED_PROTO") or environ["wsgi.url_scheme"]
    return current().sandbox or scheme == "https"


def answer(environ: "WSGIEnvironment") -> int:
    """200 once stored; 401 unsigned, 400 without its headers, 413 too large, 503 not stored."""
    status = _take(environ)
    _counters[status].inc()
    return status


def _take(environ: "WSGIEnvironment") -> int:
    body = _read(environ)
    if body is None:
        return 413
    if not is_genuine(body, _header(environ, "HMAC_SHA256")):
        return 401
    domain = _header(environ, "SHOP_DOMAIN")
    topic, webhook_id = _header(environ, "TOPIC"), _header(environ, "WEBHOOK_ID")
    if not (topic and webhook_id and is_shop_domain(domain)):
        return 400
    try:
        _store(environ, domain, topic, webhook_id, body)
    except (inbox_writer.NotStored, SQLAlchemyError) as error:
        # Shopify sends it again: eight times over four hours.
        log.warning("webhook_not_stored", error=type(error).__name__)
        shop_ids.forget(domain)
        return 503
    return 200


def _read(environ: "WSGIEnvironment") -> bytes | None:
    """The body; None when it is too long, whether or not its length was announced."""
    if (get_content_length(environ) or 0) > BODY_BYTES_MAX:
        return None
    stream = environ["wsgi.input"]
    if not environ.get("wsgi.input_terminated"):
        stream = get_input_stream(environ)
    body: bytes = stream.read(BODY_BYTES_MAX + 1)
    return body if len(body) <= BODY_BYTES_MAX else None


def is_genuine(body: bytes, signature: str) -> bool:
    """Whether one of the app's secrets signed exactly these bytes."""
    given = signature.encode("utf-8", "replace")
    return any(
        hmac.compare_digest(_signature(secret, body), given) for secret in secrets(current())
    )


def _signature(secret: str, body: bytes) -> bytes:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))


def _header(environ: "WSGIEnvironment", name: str) -> str:
    """A header of either family: X-Shopify-… of webhooks, shopify-… of their successor."""
    value = environ.get(f"HTTP_X_SHOPIFY_{name}") or environ.get(f"HTTP_SHOPIFY_{name}") or ""
    return value if len(value) <= _HEADER_LENGTH_MAX else ""


def _store(
    environ: "WSGIEnvironment", domain: str, topic: str, webhook_id: str, body: bytes
) -> None:
    shop_id = shop_ids.find(domain)
    if shop_id is None:
        _keep_stray(domain, topic, webhook_id)
        return
    inbox_writer.of_this_process().store(
        Arrival(
            shop_id=shop_id,
            webhook_id=webhook_id,
            event_id=_header(environ, "EVENT_ID") or None,
            topic=topic,
            api_version=_header(environ, "API_VERSION") or None,
            triggered_at=_moment(_header(environ, "TRIGGERED_AT")),
            received_at=utc_now(),
            body=body,
        )
    )


def _keep_stray(domain: str, topic: str, webhook_id: str) -> None:
    stray = insert(StrayWebhook).values(
        webhook_id=webhook_id, shop_domain=domain, topic=topic, received_at=utc_now()
    )
    with shopless_transaction() as session:
        session.execute(stray.on_conflict_do_nothing())
    log.info("stray_webhook_kept", topic=topic)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
