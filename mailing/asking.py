"""An email that a person asks for: once, whoever clicks twice, and with a reason if not."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import audit, outbox, timeline
from loyalty.audit import Actor
from loyalty.base.ids import new_id
from loyalty.base.said import said
from loyalty.ledger.posting import lock_balance
from loyalty.members.tables import Member
from mailing import setup
from mailing.errors import BadClientKey, EmailRefused
from mailing.permission import why_blocked
from mailing.tables import EmailMessage

Kind = Literal["card", "one_off"]

_EVENTS: dict[Kind, str] = {
    "card": outbox.CARD_EMAIL_ASKED,
    "one_off": outbox.ONE_OFF_EMAIL_ASKED,
}
_KEY_MAX = 100


def ask_for_card(
    session: Session,
    shop_id: int,
    member_id: UUID,
    *,
    client_key: str,
    actor: Actor,
    now: datetime,
) -> EmailMessage:
    """Queue the member's card email; the same `client_key` again returns the first one.

    Raises EmailRefused, with words for whoever asked, and MemberNotFound. The caller commits.
    """
    body = {"is_asked_for": True}
    return ask_for(
        session, shop_id, member_id, "card", body, client_key=client_key, actor=actor, now=now
    )


def ask_for(
    session: Session,
    shop_id: int,
    member_id: UUID,
    kind: Kind,
    body: Mapping[str, Any],
    *,
    client_key: str,
    actor: Actor,
    now: datetime,
) -> EmailMessage:
    """The same for an email of `kind`; `body` is its event's, and says whether it `is_asked_for`
    by the member.
    """
    _check_key(client_key)
    lock_balance(session, shop_id, member_id)
    known = _find(session, shop_id, client_key)
    if known is not None:
        if (known.member_id, known.kind) != (member_id, kind):
            raise EmailRefused(said("Reload the page and try again"))
        return known
    if not setup.is_on():
        raise EmailRefused(said("This installation of Encore sends no emails"))
    member = session.get_one(Member, (shop_id, member_id))
    if reason := why_blocked(session, member, is_asked_for=body["is_asked_for"], kind=kind):
        raise EmailRefused(reason)
    return _queue(session, member, kind, body, client_key, actor, now)


def _check_key(client_key: str) -> None:
    is_plain = client_key.isascii() and client_key.isprintable()
    if not client_key or len(client_key) > _KEY_MAX or not is_plain:
        raise BadClientKey(said("Reload the page and try again"))


def _find(session: Session, shop_id: int, client_key: str) -> EmailMessage | None:
    return session.scalar(
        select(EmailMessage).where(
            EmailMessage.shop_id == shop_id, EmailMessage.client_key == client_key
        )
    )


def _queue(
    session: Session,
    member: Member,
    kind: Kind,
    body: Mapping[str, Any],
    client_key: str,
    actor: Actor,
    now: datetime,
) -> EmailMessage:
    event = outbox.stage(
        session, member.shop_id, _EVENTS[kind], member_id=member.id, body=dict(body), now=now
    )
    message = EmailMessage(
        shop_id=member.shop_id,
        id=new_id(),
        member_id=member.id,
        event_id=event.id,
        client_key=client_key,
        kind=kind,
        is_asked_for=body["is_asked_for"],
        state="queued",
        doubts=0,
        created_at=now,
    )
    session.add(message)
    timeline.note_event(
        session,
        member.shop_id,
        member.id,
        timeline.EMAIL_ASKED,
        now,
        email=kind,
        actor=str(actor),
    )
    subject, email = ("member", str(member.id)), str(message.id)
    audit.record(
        session, member.shop_id, actor, f"{kind}_email_asked", subject, now=now, email=email
    )
    session.flush()
    return message
