"""A member asks to be forgotten: after a notice of seven days they are, unless they take it back.

One request is open at a time; who was merged and asked before is the survivor who asked.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from loyalty import audit, outbox, timeline
from loyalty.audit import Actor
from loyalty.ledger.posting import lock_balance
from loyalty.members.identity import with_merged
from loyalty.members.states import get_member_here
from shopify_app.platform.tables import PrivacyRequest

SUBJECT = "member/erase"
NOTICE = timedelta(days=7)
DUE = timedelta(days=30)
"""What the law leaves for it, the notice included."""


def ask_to_be_erased(
    session: Session, shop_id: int, member_id: UUID, *, key: UUID, actor: Actor, now: datetime
) -> PrivacyRequest:
    """The member's request, which is carried out at its `next_at`; while it waits it is the same.

    So it is for the same `key`, even when it was taken back meanwhile. They are told by email.
    Who is archived may ask as well. Raises MemberNotFound, or MemberNotActive for who is erased
    or merged. The caller commits.
    """
    lock_balance(session, shop_id, member_id)
    get_member_here(session, shop_id, member_id)
    known = session.get(PrivacyRequest, (shop_id, key)) or find_erasure(session, shop_id, member_id)
    if known is not None:
        return known
    request = PrivacyRequest(
        shop_id=shop_id,
        id=key,
        subject=SUBJECT,
        customer_id=None,
        member_id=member_id,
        body={},
        state="open",
        received_at=now,
        due_at=now + DUE,
        next_at=now + NOTICE,
    )
    session.add(request)
    _tell(session, request, actor, now)
    _audit(session, request, actor, "erasure_asked", now)
    session.flush()
    return request


def find_erasure(session: Session, shop_id: int, member_id: UUID) -> PrivacyRequest | None:
    """The request of the member that waits for its day, if there is one."""
    return session.scalar(_open_requests(session, shop_id, member_id).limit(1))


def take_back(
    session: Session, shop_id: int, member_id: UUID, *, actor: Actor, now: datetime
) -> bool:
    """Let the member stay; False when nothing is waiting, or not any more. The caller commits."""
    # Who waits here while the day comes finds no request that is still open.
    found = session.scalars(
        _open_requests(session, shop_id, member_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for request in found:
        request.state, request.done_at = "withdrawn", now
        _audit(session, request, actor, "erasure_taken_back", now)
    session.flush()
    return bool(found)


def _open_requests(session: Session, shop_id: int, member_id: UUID) -> Select[PrivacyRequest]:
    return (
        select(PrivacyRequest)
        .where(
            PrivacyRequest.shop_id == shop_id,
            PrivacyRequest.member_id.in_(with_merged(session, shop_id, {member_id})),
            PrivacyRequest.subject == SUBJECT,
            PrivacyRequest.state == "open",
        )
        .order_by(PrivacyRequest.received_at, PrivacyRequest.id)
    )


def _tell(session: Session, request: PrivacyRequest, actor: Actor, now: datetime) -> None:
    shop_id, member_id = request.shop_id, request.member_id
    assert member_id is not None
    body = {
        "request_id": str(request.id),
        "is_asked_for": True,
        "erases_at": request.next_at.isoformat(),
    }
    outbox.stage(
        session, shop_id, outbox.ERASURE_EMAIL_ASKED, member_id=member_id, body=body, now=now
    )
    kind = timeline.EMAIL_ASKED
    timeline.note_event(session, shop_id, member_id, kind, now, email="erasure", actor=str(actor))


def _audit(
    session: Session, request: PrivacyRequest, actor: Actor, action: str, now: datetime
) -> None:
    subject = ("privacy_request", str(request.id))
    audit.record(session, request.shop_id, actor, action, subject, now=now)
