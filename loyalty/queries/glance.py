"""The programme at a glance, for the home page. Reads only."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.members.tables import Member, MemberBalance
from loyalty.programme.tables import Programme


@dataclass(frozen=True, slots=True)
class Glance:
    """Active members and the points that they hold."""

    programme_name: str
    members: int
    points_available: int
    points_pending: int


def read_glance(session: Session, shop_id: int) -> Glance:
    """The figures of the whole shop; archived members' points are put away and not counted."""
    name = session.get_one(Programme, shop_id).name
    statement = (
        select(
            func.count(),
            func.coalesce(func.sum(MemberBalance.available), 0),
            func.coalesce(func.sum(MemberBalance.pending), 0),
        )
        .join(
            Member,
            (Member.shop_id == MemberBalance.shop_id) & (Member.id == MemberBalance.member_id),
        )
        .where(MemberBalance.shop_id == shop_id, Member.state == "active")
    )
    members, available, pending = session.execute(statement).one()
    return Glance(name, members, int(available), int(pending))
