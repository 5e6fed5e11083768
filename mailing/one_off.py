"""An email that staff write to one member, with merge fields, and how it will look to them.

It is marketing unless it answers the member: then only an address that cannot be reached stops it.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.members.states import get_active_member
from loyalty.members.tables import Member
from mailing.asking import Kind, ask_for
from mailing.catalogue import get_mail
from mailing.facts import read_facts
from mailing.look_store import load_look
from mailing.permission import why_blocked
from mailing.preview import NOWHERE
from mailing.tables import EmailMessage
from mailing.wording import Draft
from mailing.writing import Links, Words, check, write

KIND: Kind = "one_off"


def ask_for_one_off(
    session: Session,
    shop_id: int,
    member_id: UUID,
    *,
    subject: str,
    text: str,
    is_answer: bool,
    client_key: str,
    actor: Actor,
    now: datetime,
) -> EmailMessage:
    """Queue the email; the same `client_key` again returns the first one.

    Raises BadTemplate with the place, EmailRefused with words for whoever asked, and
    MemberNotFound. The caller commits.
    """
    check(get_mail(KIND), Draft(subject, text))
    body = {"subject": subject, "text": text, "is_asked_for": is_answer}
    return ask_for(
        session, shop_id, member_id, KIND, body, client_key=client_key, actor=actor, now=now
    )


def preview_one_off(
    session: Session, shop_id: int, member_id: UUID, *, subject: str, text: str
) -> Words:
    """The email as this member would read it; its links lead nowhere.

    Raises BadTemplate, and MemberNotFound for one who is not active.
    """
    member = get_active_member(session, shop_id, member_id)
    links = Links(NOWHERE, NOWHERE, NOWHERE)
    look = load_look(session, shop_id)
    facts = read_facts(session, member)
    return write(get_mail(KIND), Draft(subject, text), facts, {}, links, look)


def why_no_one_off(
    session: Session, shop_id: int, member_id: UUID, *, is_answer: bool
) -> str | None:
    """Why the member must not be sent one, in words; None when they may be."""
    member = session.get_one(Member, (shop_id, member_id))
    return why_blocked(session, member, is_asked_for=is_answer, kind=KIND)
