"""Sends a member the emails that were asked for: each at most once, unless its answer was lost.

"sending" is committed before SES is called: whoever finds it later knows that the email may
have gone out. No network in a transaction.
"""

import time
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from loyalty.base import faults
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member
from loyalty.outbox import OutboxEvent
from mailing import messages, setup
from mailing.addresses import address_hash
from mailing.card_email import read_facts
from mailing.contents import read_content
from mailing.errors import EmailError
from mailing.letters import Letter, compose
from mailing.permission import why_blocked
from mailing.ses import send
from mailing.tables import EmailMessage

log = structlog.get_logger()

TURN_S = 60
"""How long one call may go on, so that it ends within its delivery's lease."""
_IS_OVER = "What it would tell of is over"


def send_emails(shop_id: int, member_id: UUID) -> None:
    """Send what the member is still to be sent; nothing where email is off.

    Raises EmailError when one was not sent; retryable if another try may succeed.
    """
    if not setup.is_on():
        return
    errors, turn_ends = [], time.monotonic() + TURN_S
    for message_id in _list_due(shop_id, member_id, utc_now()):
        if time.monotonic() > turn_ends:
            raise EmailError("more emails than one turn can send", retryable=True)
        try:
            _send(shop_id, message_id)
        except EmailError as error:
            errors.append(error)
    if errors:
        raise max(errors, key=lambda error: error.retryable)


def give_up(shop_id: int, member_id: UUID, reason: str) -> None:
    """Note that no try is left: what was not sent has failed for good. Once per email."""
    now = utc_now()
    with shop_transaction(shop_id) as session:
        for message in messages.list_open(session, shop_id, member_id):
            messages.give_up(session, message, reason, now)


def _list_due(shop_id: int, member_id: UUID, now: datetime) -> list[UUID]:
    with shop_transaction(shop_id) as session:
        found = messages.list_open(session, shop_id, member_id)
        return [message.id for message in found if messages.is_due(session, message, now)]


def _send(shop_id: int, message_id: UUID) -> None:
    letter = _begin(shop_id, message_id, utc_now())
    if letter is None:
        return
    faults.point("email_before_send", shop=shop_id, email=message_id)
    try:
        ses_message_id = send(compose(letter))
    except EmailError as error:
        if _settle_failure(shop_id, message_id, error, utc_now()):
            raise
        return
    faults.point("email_after_send", shop=shop_id, email=message_id)
    _settle_success(shop_id, message_id, ses_message_id, utc_now())


def _begin(shop_id: int, message_id: UUID, now: datetime) -> Letter | None:
    """Commit that the email is on its way and return what to write; None if it must not go."""
    with shop_transaction(shop_id) as session:
        message = messages.lock_message(session, shop_id, message_id)
        if message is None or message.state not in ("queued", "unknown"):
            return None
        member = session.get_one(Member, (shop_id, message.member_id))
        reason = _why_not(session, message, member)
        body = None if reason else _read_body(session, message, now)
        if body is None:
            messages.mark_blocked(session, message, reason or _IS_OVER, now)
            log.info("email_blocked", shop=shop_id, email=str(message_id))
            return None
        message.state = "sending"
        message.address_hash = address_hash(shop_id, member.email_norm)
        return _letter(session, message, member, body)


def _why_not(session: Session, message: EmailMessage, member: Member) -> str | None:
    if message.kind == "verification" and member.email_verified_at is not None:
        return "The address is confirmed already"
    event = session.get(OutboxEvent, (message.shop_id, message.event_id))
    return why_blocked(
        session,
        member,
        kind=message.kind,
        topic=event.body.get("topic") if event else None,
        is_asked_for=message.is_asked_for,
    )


def _read_body(session: Session, message: EmailMessage, now: datetime) -> dict[str, Any] | None:
    event = session.get(OutboxEvent, (message.shop_id, message.event_id))
    body = event.body if event else {}
    return read_content(session, message.shop_id, message.kind, body, now=now)


def _letter(
    session: Session, message: EmailMessage, member: Member, body: dict[str, Any]
) -> Letter:
    assert member.email and message.address_hash, "why_blocked lets nobody without one pass"
    return Letter(
        shop_id=message.shop_id,
        message_id=message.id,
        member_id=member.id,
        address=member.email,
        address_hash=message.address_hash,
        facts=read_facts(session, member),
        kind=message.kind,
        body=body,
        asked_at=message.created_at,
    )


def _settle_success(shop_id: int, message_id: UUID, ses_message_id: str, now: datetime) -> None:
    with shop_transaction(shop_id) as session:
        message = messages.lock_message(session, shop_id, message_id)
        if message is not None:
            messages.mark_sent(session, message, ses_message_id, now)
    log.info("email_sent", shop=shop_id, email=str(message_id), ses=ses_message_id)


def _settle_failure(shop_id: int, message_id: UUID, error: EmailError, now: datetime) -> bool:
    """Write down what `error` means; False when nothing is left to be done about it."""
    with shop_transaction(shop_id) as session:
        message = messages.lock_message(session, shop_id, message_id)
        if message is None or message.state != "sending":
            return False  # the shop is gone, or SES has reported of the email meanwhile
        if error.is_in_doubt:
            messages.mark_in_doubt(session, message, now)
            return not messages.is_lost(message)
        if error.retryable:
            message.state, message.reason = "queued", str(error)
        else:
            messages.mark_failed(session, message, str(error), now)
    return True
