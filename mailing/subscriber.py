"""Sends a member the emails that were asked for: each at most once, unless its answer was lost.

"sending" is committed before SES is called: whoever finds it later knows that the email may
have gone out. No network in a transaction.
"""

import time
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from loyalty import automatic_emails
from loyalty.base import faults
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.said import said
from loyalty.campaigns import responses
from loyalty.campaigns.words import HAD_IT, OFF, REASONS
from loyalty.members.identity import survivor_of
from loyalty.members.tables import Member
from loyalty.outbox import OutboxEvent
from mailing import campaigns, messages, pacing, setup
from mailing.addresses import address_hash
from mailing.catalogue import Mail, mail_for
from mailing.contents import read_content
from mailing.errors import BadTemplate, EmailError, PutOff
from mailing.facts import read_facts
from mailing.letters import Letter, compose
from mailing.look_store import load_look
from mailing.overrides import load
from mailing.permission import MARKETING, WAITED_FOR, find_reason, in_words
from mailing.ses import Outgoing, send
from mailing.tables import EmailMessage
from mailing.wording import Draft

log = structlog.get_logger()

TURN_S = 60
"""How long one call may go on, so that it ends within its delivery's lease."""
_IS_OVER = said("What it would tell of is over")


class Blocked(NamedTuple):
    """Why an email must not go: `reason` for a campaign's counts, `words` for this one email."""

    reason: str
    words: str


class Due(NamedTuple):
    """An email to be sent now. `is_paused`: unless its campaign goes on, it takes nobody's turn."""

    message_id: UUID
    kind: str
    is_asked_for: bool
    is_paused: bool


def send_emails(shop_id: int, member_id: UUID) -> None:
    """Send what the member is still to be sent; nothing where email is off.

    Raises EmailError when one was not sent; retryable if another try may succeed. Raises
    PutOff when one is to wait: the account may send no more just now, its campaign is paused.
    """
    if not setup.is_on():
        return
    errors: list[EmailError | PutOff] = []
    turn_ends = time.monotonic() + TURN_S
    for due in _list_due(shop_id, member_id, utc_now()):
        if time.monotonic() > turn_ends:
            raise EmailError("more emails than one turn can send", retryable=True)
        try:
            if due.is_paused:
                raise campaigns.paused()
            # Before it is begun: what waits for its turn stays queued, and costs no attempt.
            pacing.take(due.kind, is_asked_for=due.is_asked_for)
            _send(shop_id, due.message_id)
        except (EmailError, PutOff) as error:
            errors.append(error)
    if errors:
        raise max(errors, key=_weight)


def _weight(error: EmailError | PutOff) -> tuple[bool, bool]:
    """What may still be sent keeps its tries; an outage among it counts one of them."""
    return error.retryable, isinstance(error, EmailError)


def give_up(shop_id: int, member_id: UUID, reason: str) -> None:
    """Note that no try is left: what was not sent has failed for good. Once per email."""
    now = utc_now()
    with shop_transaction(shop_id) as session:
        for message in messages.list_open(session, shop_id, member_id):
            messages.give_up(session, message, reason, now)


def _list_due(shop_id: int, member_id: UUID, now: datetime) -> list[Due]:
    """The messages to be sent now: what somebody waits for comes first, and marketing last."""
    with shop_transaction(shop_id) as session:
        found = messages.list_open(session, shop_id, member_id)
        due = [message for message in found if messages.is_due(session, message, now)]
        due.sort(key=_rank)
        return [_read_due(session, message) for message in due]


def _read_due(session: Session, message: EmailMessage) -> Due:
    is_campaigns = message.kind == campaigns.KIND
    waits = is_campaigns and campaigns.is_paused(session, message.shop_id, message.event_id)
    return Due(message.id, message.kind, message.is_asked_for, waits)


def _rank(message: EmailMessage) -> int:
    if message.is_asked_for or message.kind in WAITED_FOR:
        return 0
    return 2 if message.kind in MARKETING else 1


def _send(shop_id: int, message_id: UUID) -> None:
    letter = _begin(shop_id, message_id, utc_now())
    if letter is None:
        return
    faults.point("email_before_send", shop=shop_id, email=message_id)
    try:
        ses_message_id = send(_compose(letter))
    except EmailError as error:
        if _settle_failure(shop_id, message_id, error, utc_now()):
            raise
        return
    faults.point("email_after_send", shop=shop_id, email=message_id)
    _settle_success(shop_id, message_id, ses_message_id, utc_now())


def _compose(letter: Letter) -> Outgoing:
    """The email; words that can be none were saved by nobody, and fail alone."""
    try:
        return compose(letter)
    except BadTemplate as error:
        raise EmailError(f"The words of the email are wrong: {error.words}") from error


def _begin(shop_id: int, message_id: UUID, now: datetime) -> Letter | None:
    """Commit that the email is on its way and return what to write; None if it must not go."""
    with shop_transaction(shop_id) as session:
        message = messages.lock_message(session, shop_id, message_id)
        if message is None or message.state not in ("queued", "unknown"):
            return None
        member = session.get_one(Member, (shop_id, _whom(session, message)))
        blocked = _why_not(session, message, member)
        body = None if blocked else _read_body(session, message, now)
        if body is None:
            _block(session, message, blocked or _over(session, message), now)
            log.info("email_blocked", shop=shop_id, email=str(message_id))
            return None
        message.state = "sending"
        message.address_hash = address_hash(shop_id, member.email_norm)
        return _letter(session, message, member, body)


def _block(session: Session, message: EmailMessage, blocked: Blocked, now: datetime) -> None:
    messages.mark_blocked(session, message, blocked.words, now)
    if message.kind == campaigns.KIND:
        why = blocked.reason
        responses.note_blocked(session, message.shop_id, message.event_id, why, now=now)


def _over(session: Session, message: EmailMessage) -> Blocked:
    if message.kind != campaigns.KIND:
        return Blocked("over", _IS_OVER)
    event = session.get(OutboxEvent, (message.shop_id, message.event_id))
    reason = campaigns.why_over(session, event)
    return Blocked(reason, REASONS[reason])


def _whom(session: Session, message: EmailMessage) -> UUID:
    """Whom it is for by now: a campaign's recipient is the survivor of a merge.

    The message stays the member's of its delivery, which finds it there.
    """
    if message.kind != campaigns.KIND:
        return message.member_id
    return survivor_of(session, message.shop_id, message.member_id)


def _why_not(session: Session, message: EmailMessage, member: Member) -> Blocked | None:
    if message.kind == "verification" and member.email_verified_at is not None:
        return Blocked("over", said("The address is confirmed already"))
    if _is_off(session, message):
        return Blocked(OFF, said("The shop sends no such emails any more"))
    event = session.get(OutboxEvent, (message.shop_id, message.event_id))
    if member.id != message.member_id and event and campaigns.has_had(session, event, member.id):
        return Blocked(HAD_IT, REASONS[HAD_IT])
    reason = find_reason(
        session,
        member,
        kind=message.kind,
        topic=event.body.get("topic") if event else None,
        is_asked_for=message.is_asked_for,
    )
    return Blocked(reason, in_words(session, member, reason)) if reason else None


def _is_off(session: Session, message: EmailMessage) -> bool:
    """Whether the merchant has switched it off since; what a person asked for goes all the same."""
    has_switch = message.kind in automatic_emails.DEFAULTS and not message.is_asked_for
    return has_switch and not automatic_emails.is_on(session, message.shop_id, message.kind)


def _read_body(session: Session, message: EmailMessage, now: datetime) -> dict[str, Any] | None:
    event = session.get(OutboxEvent, (message.shop_id, message.event_id))
    body = (event.body if event else {}) | {"member_id": str(message.member_id)}
    return read_content(session, message.shop_id, message.kind, body, now=now)


def _letter(
    session: Session, message: EmailMessage, member: Member, body: dict[str, Any]
) -> Letter:
    assert member.email and message.address_hash, "why_blocked lets nobody without one pass"
    facts, mail = read_facts(session, member), mail_for(message.kind, body)
    return Letter(
        shop_id=message.shop_id,
        message_id=message.id,
        member_id=member.id,
        address=member.email,
        address_hash=message.address_hash,
        facts=facts,
        mail=mail,
        draft=_draft(session, message.shop_id, mail, facts.language, body),
        look=load_look(session, message.shop_id),
        body=body,
        asked_at=message.created_at,
    )


def _draft(
    session: Session, shop_id: int, mail: Mail, language: str, body: dict[str, Any]
) -> Draft:
    """What it says: words written for this one email, or the shop's for all of its kind."""
    usual = load(session, shop_id, mail.name, language)
    if not mail.has_own_words:
        return usual
    return Draft(body["subject"], body["text"], usual.headline, body.get("button") or usual.button)


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
