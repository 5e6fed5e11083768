"""Whether something may be done for a member: only an active one earns, scans and is served."""

from uuid import UUID

from sqlalchemy.orm import Session

from loyalty.base.errors import MemberNotActive, MemberNotFound
from loyalty.members.tables import Member


def get_active_member(session: Session, shop_id: int, member_id: UUID) -> Member:
    """The member as committed by now; MemberNotFound, or MemberNotActive if archived or erased."""
    member = get_member_here(session, shop_id, member_id)
    if member.state != "active":
        raise MemberNotActive(member.state)
    return member


def get_member_here(session: Session, shop_id: int, member_id: UUID) -> Member:
    """The member, active or archived; MemberNotFound, or MemberNotActive if merged or erased."""
    member = session.get(Member, (shop_id, member_id), populate_existing=True)
    if member is None:
        raise MemberNotFound(str(member_id))
    if member.state not in ("active", "archived"):
        raise MemberNotActive(member.state)
    return member
