"""Requests of Shopify's privacy topics, for their page and their operators. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from loyalty.base.db import shop_transaction
from loyalty.queries import paging
from shopify_app.platform import own_erasures
from shopify_app.platform.tables import PrivacyDocument, PrivacyRequest

NEAR = timedelta(days=7)
"""How long before a request is due it becomes urgent."""


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request as its pages show it; it goes on at `next_at`.

    `has_document` while there is something to download.
    """

    id: UUID
    subject: str
    customer_id: int | None
    member_id: UUID | None
    received_at: datetime
    due_at: datetime
    next_at: datetime
    done_at: datetime | None
    state: str
    is_stuck: bool
    has_document: bool


@dataclass(frozen=True, slots=True)
class RequestPage:
    """Newest first; `next` is None at the end."""

    rows: Sequence[RequestRow]
    next: str | None


def list_requests(
    session: Session, shop_id: int, *, after: str | None = None, limit: int = 25
) -> RequestPage:
    """A batch of the shop's requests, newest first; a foreign cursor begins at the newest."""
    statement = (
        select(PrivacyRequest, PrivacyDocument.request_id.label("document"))
        .outerjoin(
            PrivacyDocument,
            (PrivacyDocument.shop_id == PrivacyRequest.shop_id)
            & (PrivacyDocument.request_id == PrivacyRequest.id),
        )
        .where(PrivacyRequest.shop_id == shop_id)
        .order_by(PrivacyRequest.received_at.desc(), PrivacyRequest.id.desc())
    )
    cursor = paging.decode(after, datetime, UUID)
    if cursor is not None:
        place = tuple_(PrivacyRequest.received_at, PrivacyRequest.id)
        statement = statement.where(place < tuple_(*cursor))
    found = session.execute(statement.limit(limit + 1)).all()
    rows = [_row(request, document is not None) for request, document in found[:limit]]
    more = len(found) > limit
    end = paging.encode(rows[-1].received_at, rows[-1].id) if more else None
    return RequestPage(rows, end)


def find_request(session: Session, shop_id: int, request_id: UUID) -> RequestRow | None:
    """One request of the shop; None where there is none."""
    request = session.get(PrivacyRequest, (shop_id, request_id))
    if request is None:
        return None
    return _row(request, find_document(session, shop_id, request_id) is not None)


def count_urgent(session: Session, shop_id: int, *, now: datetime) -> int:
    """How many requests of the shop are still to be met and due within a week."""
    statement = select(func.count()).where(
        PrivacyRequest.shop_id == shop_id,
        PrivacyRequest.done_at.is_(None),
        PrivacyRequest.state == "open",
        PrivacyRequest.due_at < now + NEAR,
    )
    return session.scalar(statement) or 0


def find_document(session: Session, shop_id: int, request_id: UUID) -> PrivacyDocument | None:
    """What was gathered for a request of this shop, while it is kept."""
    return session.get(PrivacyDocument, (shop_id, request_id))


def member_of(session: Session, shop_id: int, request_id: UUID) -> UUID | None:
    """Whose erasure this request of the shop is; None for any other request, or for none."""
    request = session.get(PrivacyRequest, (shop_id, request_id))
    return request.member_id if request and request.subject == own_erasures.SUBJECT else None


def list_open_requests(shop_id: int) -> Sequence[PrivacyRequest]:
    """The shop's requests that still wait, the soonest due first."""
    statement = (
        select(PrivacyRequest)
        .where(PrivacyRequest.shop_id == shop_id, PrivacyRequest.done_at.is_(None))
        .order_by(PrivacyRequest.due_at, PrivacyRequest.id)
    )
    with shop_transaction(shop_id) as session:
        return session.scalars(statement).all()


def _row(request: PrivacyRequest, has_document: bool) -> RequestRow:
    return RequestRow(
        id=request.id,
        subject=request.subject,
        customer_id=request.customer_id,
        member_id=request.member_id,
        received_at=request.received_at,
        due_at=request.due_at,
        next_at=request.next_at,
        done_at=request.done_at,
        state=request.state,
        is_stuck=request.done_at is None and request.error is not None,
        has_document=has_document,
    )
