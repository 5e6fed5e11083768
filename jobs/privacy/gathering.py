"""customers/data_request: one JSON document of all that is held of a person, for the merchant."""

import base64
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from jobs.privacy.catalogue import PARTS
from jobs.privacy.people import find_person
from loyalty.privacy.parts import Person, read_rows
from loyalty.shops.directory import get_shop
from shopify_app.platform.privacy_parts import read_webhooks
from shopify_app.platform.tables import InboxRow, PrivacyDocument, PrivacyRequest


def gather(session: Session, request: PrivacyRequest, *, now: datetime) -> None:
    """Make and keep the document of the request. Flushes; the caller commits."""
    assert request.customer_id is not None
    person = find_person(session, request)
    document = {
        "shop": get_shop(session, request.shop_id).domain,
        "gathered_at": now,
        "request": {
            "customer_id": request.customer_id,
            "data_request_id": request.body.get("data_request_id"),
            "received_at": request.received_at,
        },
        "held": hold(session, person),
    }
    kept = insert(PrivacyDocument).values(
        shop_id=request.shop_id,
        request_id=request.id,
        customer_id=request.customer_id,
        member_id=person.member_ids[0] if person.member_ids else None,
        made_at=now,
        body=json.dumps(document, default=_plain, ensure_ascii=False, indent=2),
    )
    session.execute(kept.on_conflict_do_nothing())


def hold(session: Session, person: Person) -> dict[str, list[dict[str, Any]]]:
    """All rows of the person under the titles of their parts, empty ones included."""
    held: dict[str, list[dict[str, Any]]] = {}
    # Who they are comes first, whatever is erased first.
    for part in reversed(PARTS):
        if part.title is None:
            continue
        if part.model is InboxRow:
            held[part.title] = read_webhooks(session, person)
        else:
            held[part.title] = read_rows(session, part, person)
    return held


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} has no place in a document")
