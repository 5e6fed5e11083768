"""The life of one email: queued, sending, then sent, unknown, failed or blocked.

Each way into an end is told once on the timeline and ends the email's own delivery; who commits
is the caller.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.base.ids import new_id
from loyalty.base.said import said
from loyalty.outbox import (
    ADJUSTMENT_EMAIL_ASKED,
    BIRTHDAY_EMAIL_ASKED,
    CAMPAIGN_EMAIL_ASKED,
    CARD_EMAIL_ASKED,
    COUPON_EMAIL_ASKED,
    DATA_EMAIL_ASKED,
    ERASURE_EMAIL_ASKED,
    EXPIRY_EMAIL_ASKED,
    GRANT_EMAIL_ASKED,
    ONE_OFF_EMAIL_ASKED,
    PROOF_EMAIL_ASKED,
    REACH_EMAIL_ASKED,
    REFERRAL_EMAIL_ASKED,
    REWARD_EMAIL_ASKED,
    TIER_EMAIL_ASKED,
    VERIFICATION_EMAIL_ASKED,
    Delivery,
    OutboxEvent,
)
from mailing.permission import WAITED_FOR
from mailing.tables import EmailMessage

SUBSCRIBER = "mail"

KIND_OF_EVENT = {
    CARD_EMAIL_ASKED: "card",
    VERIFICATION_EMAIL_ASKED: "verification",
    BIRTHDAY_EMAIL_ASKED: "birthday",
    EXPIRY_EMAIL_ASKED: "expiry_warning",
    ADJUSTMENT_EMAIL_ASKED: "adjustment",
    REWARD_EMAIL_ASKED: "reward",
    COUPON_EMAIL_ASKED: "coupon",
    PROOF_EMAIL_ASKED: "proof",
    ERASURE_EMAIL_ASKED: "erasure",
    TIER_EMAIL_ASKED: "tier",
    REACH_EMAIL_ASKED: "reward_in_reach",
    REFERRAL_EMAIL_ASKED: "referral",
    GRANT_EMAIL_ASKED: "granted",
    DATA_EMAIL_ASKED: "data_request",
    CAMPAIGN_EMAIL_ASKED: "campaign",
    ONE_OFF_EMAIL_ASKED: "one_off",
}
"""The email that each outbox event makes; the mail subscriber is told of these."""

URGENT_EVENTS = frozenset(event for event, kind in KIND_OF_EVENT.items() if kind in WAITED_FOR)
"""What makes an email that somebody waits for, whoever asked."""

# A greeting or an offer twice is worse than none; what a person waits for is better twice than
# never.
_DOUBTS_MAX = {
    "card": 2,
    "verification": 2,
    "expiry_warning": 2,
    "adjustment": 2,
    "reward": 2,
    "proof": 2,
    "erasure": 2,
    "data_request": 2,
    "granted": 2,
    "tier": 2,
    "coupon": 1,
    "birthday": 1,
    "reward_in_reach": 1,
    "referral": 1,
    "campaign": 1,
    "one_off": 1,
}
_IN_DOUBT = said("Amazon gave no answer: the email may have arrived, or not")


def lock_message(session: Session, shop_id: int, message_id: UUID) -> EmailMessage | None:
    """The message, locked; None when the shop was removed meanwhile."""
    return session.get(
        EmailMessage, (shop_id, message_id), with_for_update=True, populate_existing=True
    )


def list_open(session: Session, shop_id: int, member_id: UUID) -> Sequence[EmailMessage]:
    """The messages, locked, of what the member is still to be sent, oldest first.

    An event that has no message yet gets one, so that each makes exactly one email.
    """
    events = _open_events(session, shop_id, member_id)
    for event in events:
        _add_message(session, event)
    return session.scalars(
        select(EmailMessage)
        .where(
            EmailMessage.shop_id == shop_id,
            EmailMessage.member_id == member_id,
            EmailMessage.event_id.in_([event.id for event in events]),
        )
        .order_by(EmailMessage.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def is_due(session: Session, message: EmailMessage, now: datetime) -> bool:
    """Whether `message` is to be handed to SES (again). One whose sender died is in doubt."""
    if message.state == "sending":
        mark_in_doubt(session, message, now)
    if message.state == "failed":
        # Its delivery died with it and is pending again: an operator wants it tried once more.
        message.state = "queued"
    return message.state == "queued" or (message.state == "unknown" and not is_lost(message))


def is_lost(message: EmailMessage) -> bool:
    """Whether the answer was lost so often that nobody may send it again."""
    return message.doubts >= _DOUBTS_MAX[message.kind]


def has_ended() -> ColumnElement[bool]:
    """What a merge takes along: what is still to be sent stays where its delivery looks for it."""
    lost = [
        and_(EmailMessage.kind == kind, EmailMessage.doubts >= most)
        for kind, most in _DOUBTS_MAX.items()
    ]
    is_lost_one = and_(EmailMessage.state == "unknown", or_(*lost))
    return or_(EmailMessage.state.in_(("sent", "failed", "blocked")), is_lost_one)


def mark_sent(
    session: Session, message: EmailMessage, ses_message_id: str | None, at: datetime
) -> None:
    """SES has it: by its answer, or because it reports of the email."""
    message.ses_message_id = ses_message_id or message.ses_message_id
    if message.state == "sent":
        return
    message.state, message.reason, message.sent_at = "sent", None, at
    _note(session, message, timeline.EMAIL_SENT, at)
    _settle(session, message, "done", at)


def mark_in_doubt(session: Session, message: EmailMessage, now: datetime) -> None:
    """Its answer was lost: by a crash of ours, or on the way."""
    message.state, message.reason = "unknown", _IN_DOUBT
    message.doubts += 1
    if is_lost(message):
        _note(session, message, timeline.EMAIL_FAILED, now, reason=_IN_DOUBT)
        _settle(session, message, "done", now)


def mark_failed(session: Session, message: EmailMessage, reason: str, now: datetime) -> None:
    """SES refused it for good, or no try is left."""
    message.state, message.reason = "failed", reason
    _note(session, message, timeline.EMAIL_FAILED, now, reason=reason)
    _settle(session, message, "dead", now, error=f"EmailError: {reason}")


def mark_blocked(session: Session, message: EmailMessage, reason: str, now: datetime) -> None:
    """We must not send it."""
    message.state, message.reason = "blocked", reason
    _note(session, message, timeline.EMAIL_FAILED, now, reason=reason)
    _settle(session, message, "done", now)


def give_up(session: Session, message: EmailMessage, reason: str, now: datetime) -> None:
    """No try is left for what was never taken; what is in doubt stays in doubt."""
    if message.state in ("queued", "sending"):
        mark_failed(session, message, reason, now)
    elif message.state == "unknown" and not is_lost(message):
        message.doubts = _DOUBTS_MAX[message.kind]
        _note(session, message, timeline.EMAIL_FAILED, now, reason=_IN_DOUBT)


def _open_events(session: Session, shop_id: int, member_id: UUID) -> Sequence[OutboxEvent]:
    """Events whose delivery is not done: what came while email was off never counts later."""
    return session.scalars(
        select(OutboxEvent)
        .join(
            Delivery,
            (Delivery.shop_id == OutboxEvent.shop_id) & (Delivery.event_id == OutboxEvent.id),
        )
        .where(
            Delivery.shop_id == shop_id,
            Delivery.member_id == member_id,
            Delivery.subscriber == SUBSCRIBER,
            Delivery.state == "pending",
            OutboxEvent.kind.in_(KIND_OF_EVENT),
        )
        .order_by(OutboxEvent.created_at, OutboxEvent.id)
    ).all()


def _add_message(session: Session, event: OutboxEvent) -> None:
    session.execute(
        insert(EmailMessage)
        .values(
            shop_id=event.shop_id,
            id=new_id(),
            member_id=event.member_id,
            event_id=event.id,
            kind=KIND_OF_EVENT[event.kind],
            is_asked_for=bool(event.body.get("is_asked_for")),
            state="queued",
            doubts=0,
            created_at=event.created_at,
        )
        .on_conflict_do_nothing()
    )


def _settle(
    session: Session, message: EmailMessage, state: str, now: datetime, error: str | None = None
) -> None:
    """End the email's own delivery with it, whatever becomes of the member's other emails.

    Nobody's claim holds it any more, so the end of the turn passes it over.
    """
    session.execute(
        update(Delivery)
        .where(
            Delivery.shop_id == message.shop_id,
            Delivery.event_id == message.event_id,
            Delivery.subscriber == SUBSCRIBER,
            Delivery.state == "pending",
        )
        .values(state=state, done_at=now, error=error and error[:500], claimed_by=None)
        .execution_options(synchronize_session=False)
    )


def _note(session: Session, message: EmailMessage, kind: str, at: datetime, **details: str) -> None:
    timeline.note_event(
        session, message.shop_id, message.member_id, kind, at, email=message.kind, **details
    )
