"""Email's parts in what is held of a person. Of an address only its keyed hash outlives them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import Session

from loyalty.members.tables import Member
from loyalty.privacy.parts import Blank, Drop, Merging, Moves, Part, Person, Run, Unites, by_member
from mailing.addresses import address_hash, find_address, lock_address, unsubscribe
from mailing.messages import has_ended
from mailing.tables import EmailAddress, EmailMessage
from mailing.topic_merge import TOPICS_UNITED
from mailing.topics import MemberTopic


def _hashes(person: Person) -> list[str]:
    return [address_hash(person.shop_id, email) for email in person.emails]


def _addresses(person: Person) -> ColumnElement[bool]:
    return (EmailAddress.shop_id == person.shop_id) & EmailAddress.address_hash.in_(_hashes(person))


def _suppress(session: Session, person: Person, now: datetime) -> None:
    """Whoever has the address next gets nothing that they do not ask for; why it bounced goes."""
    for hashed in _hashes(person):
        unsubscribe(session, person.shop_id, hashed, now=now)
    found: Any = update(EmailAddress).where(
        _addresses(person), EmailAddress.hard_bounced_at.is_not(None)
    )
    session.execute(found.values(hard_bounce_reason="it bounced before"))


def _be_strict(session: Session, merging: Merging) -> None:
    """An unsubscribed address of the merged member is a no of the survivor's."""
    if not _has_unsubscribed(session, merging.shop_id):
        return
    own, theirs = (
        _hash_of(session, merging.shop_id, member_id)
        for member_id in (merging.survivor_id, merging.merged_id)
    )
    if own is None or theirs is None:
        return
    said = find_address(session, merging.shop_id, theirs)
    known = find_address(session, merging.shop_id, own)
    if said is None or said.unsubscribed_at is None or (known and known.unsubscribed_at):
        return
    if unsubscribe(session, merging.shop_id, own, now=merging.merged_at):
        merging.notes[EmailAddress.__tablename__] = {"unsubscribed": own}


def _be_as_before(session: Session, merging: Merging) -> None:
    hashed = merging.notes.get(EmailAddress.__tablename__, {}).get("unsubscribed")
    if hashed is None:
        return
    address = lock_address(session, merging.shop_id, hashed)
    if address.unsubscribed_at == merging.merged_at:
        address.unsubscribed_at = None


def _has_unsubscribed(session: Session, shop_id: int) -> bool:
    """Whether anybody has, so that no address is hashed for nothing."""
    found = exists().where(
        EmailAddress.shop_id == shop_id, EmailAddress.unsubscribed_at.is_not(None)
    )
    return bool(session.scalar(select(found)))


def _hash_of(session: Session, shop_id: int, member_id: UUID) -> str | None:
    member = session.get_one(Member, (shop_id, member_id), populate_existing=True)
    return address_hash(shop_id, member.email_norm) if member.email_norm else None


PARTS: Sequence[Part] = (
    Part(MemberTopic, by_member(MemberTopic), "Topics of emails", Drop(), TOPICS_UNITED),
    Part(
        EmailMessage,
        by_member(EmailMessage),
        "Emails",
        Blank(
            {"address_hash": None, "reason": None, "ses_message_id": None},
            keeps=(
                *("shop_id", "id", "member_id", "event_id", "client_key", "kind", "is_asked_for"),
                *("state", "doubts", "created_at", "sent_at", "delivered_at", "bounced_at"),
                "complained_at",
            ),
        ),
        Moves("points at the survivor, once it has ended", only=has_ended),
    ),
    Part(
        EmailAddress,
        _addresses,
        "Your email address",
        Run("the keyed hash stays, unsubscribed", _suppress),
        Unites("who unsubscribed either address is sent nothing", _be_strict, _be_as_before),
    ),
)
