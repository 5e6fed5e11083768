"""Webhooks as Shopify sends them: signed bytes and headers."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from loyalty.base import db
from loyalty.base.clock import utc_now
from shopify_app.platform.tables import InboxRow
from tests.platform.tokens import SECRET


def signature(body: bytes, secret: str = SECRET) -> str:
    """The base64 HMAC-SHA256 of `body`."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def headers(body: bytes, topic: str = "orders/paid", **changes: str | None) -> dict[str, str]:
    """The headers of a delivery to Aurora; a change to None leaves one out."""
    found: dict[str, str | None] = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": signature(body),
        "X-Shopify-Shop-Domain": "aurora.myshopify.com",
        "X-Shopify-API-Version": "2026-07",
        "X-Shopify-Webhook-Id": str(uuid4()),
        "X-Shopify-Event-Id": str(uuid4()),
        "X-Shopify-Triggered-At": utc_now().isoformat(),
    }
    found |= {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: value for name, value in found.items() if value is not None}


def deliver(
    client: FlaskClient,
    payload: dict[str, Any] | bytes,
    topic: str = "orders/paid",
    path: str = "/webhooks",
    **changes: str | None,
) -> TestResponse:
    """POST `payload` as Shopify would."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return client.post(path, data=body, headers=headers(body, topic, **changes))


def inbox_rows(shop_id: int) -> list[InboxRow]:
    """The shop's inbox, oldest first."""
    with db.shop_transaction(shop_id) as session:
        statement = select(InboxRow).where(InboxRow.shop_id == shop_id).order_by(InboxRow.id)
        return list(session.scalars(statement))


def make_due(shop_id: int) -> None:
    """Let every back-off in the shop's inbox be over."""
    with db.shop_transaction(shop_id) as session:
        session.execute(
            update(InboxRow)
            .where(InboxRow.shop_id == shop_id)
            .values(next_at=utc_now() - timedelta(seconds=1))
        )
