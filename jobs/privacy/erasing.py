"""A person becomes anonymous, as Shopify or they themselves asked; numbers stay, cards are void.

What must still reach the outside, such as phones that show the card, is erased at a last look.
There is one a day after, too: webhooks may be late by a day.
"""

from datetime import datetime, timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from jobs.privacy.catalogue import PARTS
from jobs.privacy.people import find_erased, find_person, lock, remember, with_strays
from loyalty import outbox
from loyalty.members.tables import Customer
from loyalty.privacy.parts import Person, carry_out
from shopify_app.platform.own_erasures import NOTICE, SUBJECT
from shopify_app.platform.privacy_parts import count_unread, with_webhooks
from shopify_app.platform.tables import PrivacyRequest

LOOK_AGAIN = timedelta(days=1)
LAST_LOOK = timedelta(days=14)
"""How long phones have to hear that the card is void; Shopify allows 30 days for everything."""


def erase(session: Session, request: PrivacyRequest, *, now: datetime) -> datetime:
    """Erase the person of the request; when to look again. Flushes; the caller commits."""
    person = with_webhooks(session, find_person(session, request))
    _leave_tombstones(session, person, now)
    lock(session, person)
    person = with_strays(session, person)
    for part in PARTS:
        carry_out(session, part.erase, part, person, now=now)
    for member_id in person.member_ids:
        # The wallets make the cards void, and tell their phones.
        outbox.stage(session, person.shop_id, outbox.MEMBER_CHANGED, member_id=member_id, now=now)
    remember(request, person)
    return now + LOOK_AGAIN


def look_again(session: Session, request: PrivacyRequest, *, now: datetime) -> datetime | None:
    """Erase what came late, at the last look also what had to stay; None when all is done."""
    person = with_webhooks(session, find_erased(session, request))
    lock(session, person)
    notice = NOTICE if request.subject == SUBJECT else timedelta(0)
    last_at = min(request.received_at + notice + LAST_LOOK, request.due_at - LOOK_AGAIN)
    for part in PARTS:
        carry_out(session, part.erase, part, person, now=now)
        if now >= last_at:
            carry_out(session, part.erase_later, part, person, now=now)
    if now < last_at:
        return last_at
    return now + LOOK_AGAIN if count_unread(session, person) else None


def _leave_tombstones(session: Session, person: Person, now: datetime) -> None:
    """A row for each customer that we never saw: a late webhook must not make them a member."""
    for customer_id in person.customer_ids:
        tombstone = insert(Customer).values(
            shop_id=person.shop_id,
            customer_id=customer_id,
            email_norm="",
            has_verified_email=False,
            has_account=False,
            redacted_at=now,
        )
        session.execute(tombstone.on_conflict_do_nothing())
