"""Email's parts in what is held of a person. Of an address only its keyed hash outlives them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from loyalty.privacy.parts import Blank, Part, Person, Run, by_member
from mailing.addresses import address_hash, unsubscribe
from mailing.tables import EmailAddress, EmailMessage


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


PARTS: Sequence[Part] = (
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
        "points at the survivor",
    ),
    Part(
        EmailAddress,
        _addresses,
        "Your email address",
        Run("the keyed hash stays, unsubscribed", _suppress),
        "stays: it belongs to the address",
    ),
)
