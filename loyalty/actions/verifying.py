"""Proving an email address: the member asks for a link, the link proves it, once it is opened.

The invariant: what is proved is the address that the link was sent to, and no later one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from loyalty import audit, outbox, timeline
from loyalty.actions.awarding import award_action
from loyalty.actions.tables import MemberAction
from loyalty.audit import Actor
from loyalty.base.errors import EmailNotVerifiable, TooManyRequests
from loyalty.ledger.posting import lock_balance
from loyalty.members.consent import confirm_asked
from loyalty.members.states import get_active_member
from loyalty.orders.claiming import claim_by_email
from loyalty.outbox import VERIFICATION_EMAIL_ASKED, OutboxEvent
from loyalty.shops.tables import Shop

PER_DAY = 5
SAME_ASKING = timedelta(minutes=1)
"""Two taps on the button within this are one."""


@dataclass(frozen=True, slots=True)
class EmailProof:
    """How it stands with the address: when it was proved, and when a link was last asked for."""

    verified_at: datetime | None
    asked_at: datetime | None


def ask_for_proof(
    session: Session, shop_id: int, member_id: UUID, *, actor: Actor, now: datetime
) -> bool:
    """Have the link sent to the member's address; False if that was asked a moment ago.

    Raises EmailNotVerifiable (no address, or proved already), TooManyRequests after PER_DAY a
    day, MemberNotFound, MemberNotActive. The caller commits.
    """
    lock_balance(session, shop_id, member_id)
    member = get_active_member(session, shop_id, member_id)
    if not member.email_norm:
        raise EmailNotVerifiable("There is no email address")
    if member.email_verified_at is not None:
        raise EmailNotVerifiable("The email address is confirmed already")
    last = _last_asked(session, shop_id, member_id)
    if last is not None and now - last < SAME_ASKING:
        return False
    if _asked_since(session, shop_id, member_id, now - timedelta(days=1)) >= PER_DAY:
        raise TooManyRequests("too many emails to one address")
    body = {"is_asked_for": True}
    outbox.stage(
        session, shop_id, VERIFICATION_EMAIL_ASKED, member_id=member_id, body=body, now=now
    )
    kind = timeline.EMAIL_ASKED
    timeline.note_event(
        session, shop_id, member_id, kind, now, email="verification", actor=str(actor)
    )
    subject = ("member", str(member_id))
    audit.record(session, shop_id, actor, "verification_asked", subject, now=now)
    session.flush()
    return True


def read_proof(session: Session, shop_id: int, member_id: UUID) -> EmailProof:
    """How it stands with the active member's address."""
    member = get_active_member(session, shop_id, member_id)
    return EmailProof(member.email_verified_at, _last_asked(session, shop_id, member_id))


def prove_email(
    session: Session, shop: Shop, member_id: UUID, *, now: datetime
) -> MemberAction | None:
    """The member opened the link that their present address got: it is theirs.

    Proved again it changes nothing. What was ticked for the address counts from now on, and what
    a guest of that address bought lately is the member's. Returns
    the deed the first time ever. Raises MemberNotFound, MemberNotActive. The caller commits.
    """
    lock_balance(session, shop.shop_id, member_id)
    member = get_active_member(session, shop.shop_id, member_id)
    if member.email_verified_at is not None:
        return None
    member.email_verified_at = now
    confirm_asked(session, shop.shop_id, member_id, now=now)
    timeline.note_event(session, shop.shop_id, member_id, timeline.EMAIL_VERIFIED, now)
    me, subject = Actor("member", str(member_id)), ("member", str(member_id))
    audit.record(session, shop.shop_id, me, "email_verified", subject, now=now)
    session.flush()
    deed = award_action(session, shop, member_id, "verified_email", occurred_at=now, now=now)
    claim_by_email(session, shop, member_id, now=now)
    return deed


def _last_asked(session: Session, shop_id: int, member_id: UUID) -> datetime | None:
    return session.scalar(
        select(func.max(OutboxEvent.created_at)).where(*_asked(shop_id, member_id))
    )


def _asked_since(session: Session, shop_id: int, member_id: UUID, since: datetime) -> int:
    statement = (
        select(func.count())
        .select_from(OutboxEvent)
        .where(*_asked(shop_id, member_id), OutboxEvent.created_at > since)
    )
    return session.scalar(statement) or 0


def _asked(shop_id: int, member_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (
        OutboxEvent.shop_id == shop_id,
        OutboxEvent.member_id == member_id,
        OutboxEvent.kind == VERIFICATION_EMAIL_ASKED,
    )
