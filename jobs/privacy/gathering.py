"""All that is held of a person: a JSON document for the merchant, or for the person themselves."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from jobs.privacy.catalogue import PARTS
from jobs.privacy.people import find_person, find_person_of
from loyalty import automatic_emails, outbox
from loyalty.members.tables import Member
from loyalty.privacy.documents import to_json
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
        body=to_json(document),
    )
    session.execute(kept.on_conflict_do_nothing())
    _tell(session, request, person, now)


def _tell(session: Session, request: PrivacyRequest, person: Person, now: datetime) -> None:
    """Let the person know by email that it was done, where the shop sends that."""
    if not automatic_emails.is_on(session, request.shop_id, "data_request"):
        return
    members = session.scalars(
        select(Member.id)
        .where(
            Member.shop_id == request.shop_id,
            Member.id.in_(person.member_ids),
            Member.state == "active",
        )
        .order_by(Member.id)
        .limit(1)
    )
    for member_id in members:
        body = {"request_id": str(request.id), "is_asked_for": True}
        kind = outbox.DATA_EMAIL_ASKED
        outbox.stage(session, request.shop_id, kind, member_id=member_id, body=body, now=now)


def hold_member(session: Session, shop_id: int, member_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """All that is held of the person who is this member."""
    return hold(session, find_person_of(session, shop_id, members={member_id}))


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
