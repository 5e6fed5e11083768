"""What the profile shows of a member's emails: the state of the address, read afresh each time."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from flask import g
from sqlalchemy.orm import Session

from loyalty.base.errors import MemberNotFound
from loyalty.members.tables import Member
from mailing import setup
from mailing.bounces import AddressState, read_address_state


@dataclass(frozen=True, slots=True)
class Emails:
    """What the profile shows of a member's emails, and the key of the next one."""

    is_on: bool
    address: AddressState
    client_key: str
    error: str = ""


def read_emails(session: Session, member_id: UUID, *, error: str = "") -> Emails:
    """The state of the member's address, with a fresh key. Raises MemberNotFound."""
    member = session.get(Member, (g.shop_id, member_id))
    if member is None:
        raise MemberNotFound(str(member_id))
    address = read_address_state(session, member) if setup.is_on() else AddressState()
    return Emails(setup.is_on(), address, str(uuid4()), error)
