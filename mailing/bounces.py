"""What a merchant sees and may do of an address that bounces."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty import audit, timeline
from loyalty.audit import Actor
from loyalty.base.db import shop_transaction
from loyalty.base.errors import MemberNotFound
from loyalty.base.said import said
from loyalty.members.tables import Member
from mailing import setup
from mailing.addresses import address_hash, deliverable, find_address, lock_address
from mailing.bouncing import tell_of_address
from mailing.errors import EmailRefused
from mailing.permission import list_wanted
from mailing.ses import delete_suppressed
from mailing.tables import EmailAddress


@dataclass(frozen=True, slots=True)
class AddressState:
    """What is known of a member's present address. `hard_bounce` is the reason, if it bounces.

    `is_unsubscribed`: nothing may come by itself, by the address's word or the member's.
    """

    hard_bounce: str | None = None
    soft_bounces: int = 0
    has_complained: bool = False
    is_unsubscribed: bool = False


def read_address_state(session: Session, member: Member) -> AddressState:
    """The state of the address that the member has now; a new address begins afresh."""
    if not member.email_norm:
        return AddressState()
    found = find_address(session, member.shop_id, address_hash(member.shop_id, member.email_norm))
    is_unsubscribed = not list_wanted(session, member.shop_id, member.id)
    if found is None:
        return AddressState(is_unsubscribed=is_unsubscribed)
    return AddressState(
        hard_bounce=found.hard_bounce_reason if found.hard_bounced_at else None,
        soft_bounces=found.soft_bounces,
        has_complained=found.complained_at is not None,
        is_unsubscribed=is_unsubscribed,
    )


def clear_bounce(shop_id: int, member_id: UUID, *, actor: Actor, now: datetime) -> bool:
    """Let emails to the member's address go out again. Commits.

    True if it was cleared; False where none is known, and where the address bounced anew meanwhile.
    Amazon is told first, for its own list would bounce the next email too. Raises
    MemberNotFound, EmailRefused where email is off, EmailError when Amazon cannot be told.
    """
    if not setup.is_on():
        raise EmailRefused(said("This installation of Encore sends no emails"))
    with shop_transaction(shop_id) as session:
        member = _get_member(session, shop_id, member_id)
        if read_address_state(session, member).hard_bounce is None:
            return False
        email, hashed = member.email, address_hash(shop_id, member.email_norm)
        seen_at = lock_address(session, shop_id, hashed).hard_bounced_at
    if address := deliverable(email):
        delete_suppressed(address)
    with shop_transaction(shop_id) as session:
        state = lock_address(session, shop_id, hashed)
        if state.hard_bounced_at != seen_at:
            return False  # it was cleared meanwhile, or has bounced anew: that stands
        _clear(session, state, member_id, actor, now)
    return True


def _get_member(session: Session, shop_id: int, member_id: UUID) -> Member:
    member = session.get(Member, (shop_id, member_id))
    if member is None:
        raise MemberNotFound(str(member_id))
    return member


def _clear(
    session: Session, address: EmailAddress, member_id: UUID, actor: Actor, now: datetime
) -> None:
    shop_id, hashed = address.shop_id, address.address_hash
    address.hard_bounced_at, address.hard_bounce_reason = None, None
    address.cleared_at = now
    kind = timeline.EMAIL_BOUNCE_CLEARED
    timeline.note_event(session, shop_id, member_id, kind, now, actor=str(actor))
    subject = ("member", str(member_id))
    audit.record(session, shop_id, actor, "email_bounce_cleared", subject, now=now)
    tell_of_address(session, shop_id, member_id, hashed, now=now)
