"""Webhooks in: a genuine delivery is a row in the inbox before it is answered, and nothing else.

The signature covers the raw bytes and is checked before anything is looked at. JSON is never
parsed here.
"""

import base64
import hashlib
import hmac
from datetime import datetime

import structlog
from flask import Blueprint, Response, request
from sqlalchemy.dialects.postgresql import insert
from werkzeug.exceptions import RequestEntityTooLarge

from loyalty.base.clock import utc_now
from loyalty.base.db import shopless_transaction
from shopify_app.platform import inbox_writer, shop_ids
from shopify_app.platform.inbox_writer import Arrival
from shopify_app.platform.session_tokens import is_shop_domain
from shopify_app.platform.settings import current, secrets
from shopify_app.platform.tables import StrayWebhook

log = structlog.get_logger()
blueprint = Blueprint("webhooks", __name__)

BODY_BYTES_MAX = 2 * 1024 * 1024
_HEADER_LENGTH_MAX = 255


@blueprint.post("/webhooks")
@blueprint.post("/webhooks/compliance")
def receive() -> Response:
    """200 once stored; 401 unsigned, 400 without its headers, 413 too large, 503 not stored."""
    request.max_content_length = BODY_BYTES_MAX
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        return _answer(413)
    if not is_genuine(body, _header("Hmac-Sha256")):
        return _answer(401)
    domain, topic, webhook_id = map(_header, ("Shop-Domain", "Topic", "Webhook-Id"))
    if not (topic and webhook_id and is_shop_domain(domain)):
        return _answer(400)
    return _store(domain, topic, webhook_id, body)


def is_genuine(body: bytes, signature: str) -> bool:
    """Whether one of the app's secrets signed exactly these bytes."""
    given = signature.encode("utf-8", "replace")
    return any(
        hmac.compare_digest(_signature(secret, body), given) for secret in secrets(current())
    )


def _signature(secret: str, body: bytes) -> bytes:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))


def _header(name: str) -> str:
    """A header of either family: X-Shopify-… of webhooks, shopify-… of their successor."""
    headers = request.headers
    value = headers.get(f"X-Shopify-{name}") or headers.get(f"Shopify-{name}") or ""
    return value if len(value) <= _HEADER_LENGTH_MAX else ""


def _store(domain: str, topic: str, webhook_id: str, body: bytes) -> Response:
    shop_id = shop_ids.find(domain)
    if shop_id is None:
        _keep_stray(domain, topic, webhook_id)
        return _answer(200)
    arrival = Arrival(
        shop_id=shop_id,
        webhook_id=webhook_id,
        event_id=_header("Event-Id") or None,
        topic=topic,
        api_version=_header("API-Version") or None,
        triggered_at=_moment(_header("Triggered-At")),
        received_at=utc_now(),
        body=body,
    )
    try:
        inbox_writer.of_this_process().store(arrival)
    except inbox_writer.NotStored:
        # Shopify sends it again: eight times over four hours.
        shop_ids.forget(domain)
        return _answer(503)
    return _answer(200)


def _keep_stray(domain: str, topic: str, webhook_id: str) -> None:
    with shopless_transaction() as session:
        session.execute(
            insert(StrayWebhook)
            .values(webhook_id=webhook_id, shop_domain=domain, topic=topic, received_at=utc_now())
            .on_conflict_do_nothing()
        )
    log.info("stray_webhook_kept", topic=topic)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _answer(status: int) -> Response:
    return Response(status=status)
