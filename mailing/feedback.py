"""What an event of SES changes: the email it is about, and what we know of its address.

Events come late, twice and out of order: each counts once, the newest wins, and a delivery
never takes a bounce back.
"""

from datetime import datetime

import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.base.db import shop_transaction
from loyalty.campaigns import responses
from loyalty.ledger.posting import lock_balance
from mailing import messages
from mailing.addresses import lock_address
from mailing.bouncing import tell_of_address
from mailing.events import SesEvent
from mailing.sns import AGE_MAX
from mailing.tables import EmailAddress, EmailFeedback, EmailMessage
from mailing.unsubscribing import say_no

log = structlog.get_logger()

_KNOWN = frozenset(
    {
        *("Send", "Delivery", "DeliveryDelay", "Bounce", "Complaint", "NotSpam", "Reject"),
        *("Open", "Click", "Rendering Failure"),
    }
)
_NEVER_LEFT = {
    "Reject": "Amazon rejected it",
    "Rendering Failure": "Amazon could not write it",
}
_KEPT = AGE_MAX * 3
"""How long a dealt-with message is remembered; an older one is refused by its time anyway."""


def take_event(event: SesEvent, sns_message_id: str, *, now: datetime) -> bool:
    """Write down what `event` tells; False when it is not news to us. Commits."""
    if event.kind not in _KNOWN:
        return False
    with shop_transaction(event.shop_id) as session:
        if event.kind == "Complaint":
            _lock_member(session, event)
        message = messages.lock_message(session, event.shop_id, event.message_id)
        if message is None or not _is_first(session, event.shop_id, sns_message_id, now):
            return False
        _apply(session, message, event, now)
    log.info("email_feedback", shop=event.shop_id, email=str(event.message_id), kind=event.kind)
    return True


def forget_old(shop_id: int, *, now: datetime) -> int:
    """Forget the ids of messages that are too old to come again; returns how many. Commits."""
    statement = delete(EmailFeedback).where(
        EmailFeedback.shop_id == shop_id, EmailFeedback.received_at < now - _KEPT
    )
    with shop_transaction(shop_id) as session:
        result = session.execute(statement, execution_options={"synchronize_session": False})
        return result.rowcount  # type: ignore[attr-defined]


def _lock_member(session: Session, event: SesEvent) -> None:
    """A complaint is a word of the member's, too: they are locked before their email is."""
    member_id = session.scalar(
        select(EmailMessage.member_id).where(
            EmailMessage.shop_id == event.shop_id, EmailMessage.id == event.message_id
        )
    )
    if member_id is not None:
        lock_balance(session, event.shop_id, member_id, admits_merged=True)


def _is_first(session: Session, shop_id: int, sns_message_id: str, now: datetime) -> bool:
    added = session.execute(
        insert(EmailFeedback)
        .values(shop_id=shop_id, sns_message_id=sns_message_id, received_at=now)
        .on_conflict_do_nothing()
        .returning(EmailFeedback.sns_message_id)
    ).scalar()
    return added is not None


def _apply(session: Session, message: EmailMessage, event: SesEvent, now: datetime) -> None:
    if event.kind in _NEVER_LEFT:
        reason = f"{_NEVER_LEFT[event.kind]}: {event.reason}"
        messages.mark_failed(session, message, reason, now)
        responses.note_failed(session, message.shop_id, message.event_id, reason)
        return
    if event.kind == "Send" and _never_left(message):
        return  # that SES took it is told late: it has refused it since
    # Whatever SES reports of an email: it has it. That settles a doubt, and a late answer.
    messages.mark_sent(session, message, event.ses_message_id, event.at)
    # However late: a campaign that is done follows its emails no more by itself.
    responses.note_sent(session, message.shop_id, message.event_id)
    if event.kind == "Delivery":
        message.delivered_at = event.at
        _arrive(session, message, event, now)
    elif event.kind == "Bounce":
        _bounce(session, message, event, now)
    elif event.kind == "Complaint":
        _complain(session, message, event)
    elif event.kind == "Open":
        responses.note_opened(session, message.shop_id, message.event_id, at=event.at)
    elif event.kind == "Click":
        responses.note_clicked(session, message.shop_id, message.event_id, at=event.at)


def _never_left(message: EmailMessage) -> bool:
    told = tuple(_NEVER_LEFT.values())
    return message.state == "failed" and (message.reason or "").startswith(told)


def _bounce(session: Session, message: EmailMessage, event: SesEvent, now: datetime) -> None:
    message.bounced_at = event.at
    is_hard = event.is_permanent
    responses.note_bounced(session, message.shop_id, message.event_id, is_hard=is_hard)
    timeline.note_event(
        session,
        message.shop_id,
        message.member_id,
        timeline.EMAIL_BOUNCED,
        event.at,
        email=message.kind,
        bounce="hard" if event.is_permanent else "soft",
        reason=event.reason,
    )
    if message.address_hash is None:
        return  # erased meanwhile
    address = lock_address(session, message.shop_id, message.address_hash)
    before = _is_bad(address)
    if event.is_permanent:
        _bounce_hard(address, event)
    else:
        address.soft_bounces += 1
        address.soft_bounced_at = _newest(address.soft_bounced_at, event.at)
    if _is_bad(address) != before:
        who = (message.shop_id, message.member_id, message.address_hash)
        tell_of_address(session, *who, now=now)


def _arrive(session: Session, message: EmailMessage, event: SesEvent, now: datetime) -> None:
    """A mailbox that takes emails again has bounced for a while no longer; for good it stays."""
    if message.address_hash is None:
        return  # erased meanwhile
    known = session.get(EmailAddress, (message.shop_id, message.address_hash))
    if known is None or not known.soft_bounces:
        return
    address = lock_address(session, message.shop_id, message.address_hash)
    if address.soft_bounced_at is None or event.at <= address.soft_bounced_at:
        return
    address.soft_bounces = 0
    who = (message.shop_id, message.member_id, message.address_hash)
    tell_of_address(session, *who, now=now)


def _is_bad(address: EmailAddress) -> tuple[bool, bool]:
    """Whether it bounces for good, and whether for a while: what lists and segments know of it."""
    return address.hard_bounced_at is not None, address.soft_bounces > 0


def _bounce_hard(address: EmailAddress, event: SesEvent) -> None:
    if address.cleared_at is not None and event.at <= address.cleared_at:
        return  # a bounce that the merchant has cleared comes late
    if address.hard_bounced_at is None or event.at >= address.hard_bounced_at:
        address.hard_bounced_at, address.hard_bounce_reason = event.at, event.reason


def _complain(session: Session, message: EmailMessage, event: SesEvent) -> None:
    message.complained_at = event.at
    timeline.note_event(
        session,
        message.shop_id,
        message.member_id,
        timeline.EMAIL_COMPLAINED,
        event.at,
        email=message.kind,
    )
    if message.address_hash is not None:
        address = lock_address(session, message.shop_id, message.address_hash)
        address.complained_at = _newest(address.complained_at, event.at)
        address.unsubscribed_at = address.unsubscribed_at or event.at
        say_no(
            session,
            message.shop_id,
            message.member_id,
            message.address_hash,
            source="complaint",
            now=event.at,
        )


def _newest(known: datetime | None, at: datetime) -> datetime:
    return at if known is None else max(known, at)
