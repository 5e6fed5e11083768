"""What a person does on the page behind "Unsubscribe": no more emails, or only these topics.

A no counts for the address of the link, whoever has it by now; a choice of topics only for the
member whose present address it is. Everything happens in the caller's transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.base.errors import MemberHasMoved, MemberNotFound
from loyalty.ledger.posting import lock_balance
from loyalty.members.consent import read_consents, say
from loyalty.members.identity import survivor_of
from loyalty.members.tables import Member
from mailing import addresses
from mailing.addresses import address_hash
from mailing.errors import NoLongerTheirs
from mailing.permission import list_wanted
from mailing.topics import OFFERS, TOPICS, choose
from mailing.unsubscribe_links import UnsubscribeLink

PAGE = "unsubscribe_page"
"""The source of what is said here."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the page shows. `can_choose`: the address is still a member's, who may pick topics."""

    wanted: frozenset[str]
    can_choose: bool

    @property
    def is_off(self) -> bool:
        """Whether nothing comes by itself any more."""
        return not self.wanted


def read_choice(session: Session, link: UnsubscribeLink) -> Choice:
    """How it stands with the address of the link."""
    member = _find_owner(session, link)
    if member is not None:
        return Choice(list_wanted(session, link.shop_id, member.id), can_choose=True)
    known = addresses.find_address(session, link.shop_id, link.address_hash)
    is_off = known is not None and known.unsubscribed_at is not None
    return Choice(frozenset() if is_off else frozenset(TOPICS), can_choose=False)


def unsubscribe_all(session: Session, link: UnsubscribeLink, *, now: datetime) -> None:
    """Nothing comes to the address by itself from now on, and Shopify is told. Twice is as once."""
    member = _lock_owner(session, link)
    known = addresses.find_address(session, link.shop_id, link.address_hash)
    is_known = known is not None and known.unsubscribed_at is not None
    if is_known and (member is None or not list_wanted(session, link.shop_id, member.id)):
        return
    addresses.unsubscribe(session, link.shop_id, link.address_hash, now=now)
    told = member.id if member is not None else link.member_id
    if member is not None:
        say(session, link.shop_id, member.id, "email", "unsubscribed", source=PAGE, said_at=now)
    if session.get(Member, (link.shop_id, told)) is not None:
        timeline.note_event(session, link.shop_id, told, timeline.EMAIL_UNSUBSCRIBED, now)
    session.flush()


def choose_topics(
    session: Session, link: UnsubscribeLink, wanted: Collection[str], *, now: datetime
) -> None:
    """Only emails of these topics come from now on; none of them is as unsubscribing.

    Raises NoLongerTheirs when the address of the link is no active member's any more.
    """
    wanted = frozenset(wanted) & frozenset(TOPICS)
    member = _lock_owner(session, link)
    if member is None:
        raise NoLongerTheirs
    if not wanted:
        unsubscribe_all(session, link, now=now)
        return
    if wanted == list_wanted(session, link.shop_id, member.id):
        return
    _say_of_offers(session, member, OFFERS in wanted, now)
    choose(session, link.shop_id, member.id, wanted, now=now)
    kind, topics = timeline.EMAIL_TOPICS_CHOSEN, sorted(wanted)
    timeline.note_event(session, link.shop_id, member.id, kind, now, topics=topics)
    session.flush()


def say_no(
    session: Session, shop_id: int, member_id: UUID, hashed: str, *, source: str, now: datetime
) -> None:
    """The address said no by another way: so did the member whose present address it is.

    The member is locked.
    """
    member = session.get(Member, (shop_id, member_id))
    if member is not None and _is_theirs(member, hashed):
        say(session, shop_id, member_id, "email", "unsubscribed", source=source, said_at=now)


def _say_of_offers(session: Session, member: Member, are_wanted: bool, now: datetime) -> None:
    """Offers are marketing: a yes and a no are consent. Who never said anything goes on so."""
    said = read_consents(session, member.shop_id, member.id).get("email")
    if are_wanted:
        say(session, member.shop_id, member.id, "email", "subscribed", source=PAGE, said_at=now)
    elif said in ("subscribed", "asked"):
        say(session, member.shop_id, member.id, "email", "unsubscribed", source=PAGE, said_at=now)


def _lock_owner(session: Session, link: UnsubscribeLink) -> Member | None:
    """The active member whose present address it is, locked; None when it is nobody's."""
    member_id = survivor_of(session, link.shop_id, link.member_id)
    try:
        lock_balance(session, link.shop_id, member_id)
    except MemberNotFound:
        return None
    except MemberHasMoved:
        return _lock_owner(session, link)  # Merged while we waited for the lock.
    return _find_owner(session, link)


def _find_owner(session: Session, link: UnsubscribeLink) -> Member | None:
    member_id = survivor_of(session, link.shop_id, link.member_id)
    member = session.get(Member, (link.shop_id, member_id), populate_existing=True)
    return member if member is not None and _is_theirs(member, link.address_hash) else None


def _is_theirs(member: Member, hashed: str) -> bool:
    is_active = member.state == "active" and bool(member.email_norm)
    return is_active and address_hash(member.shop_id, member.email_norm) == hashed
