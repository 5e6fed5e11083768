"""What became of each member of a decision to give points to many, in pages. Reads only."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.said import said
from loyalty.group_grants.tables import GroupGrantMember
from loyalty.members.tables import Member
from loyalty.queries import paging


@dataclass(frozen=True, slots=True)
class GrantedRow:
    """A member of the decision: `state` and `reason` as in the table."""

    member_id: UUID
    first_name: str | None
    last_name: str | None
    email: str | None
    state: str
    reason: str | None
    expired_points: int

    @property
    def name(self) -> str:
        """What to call them in a list; nobody in particular once they were erased."""
        full = " ".join(filter(None, (self.first_name, self.last_name)))
        return full or self.email or said("No name")


@dataclass(frozen=True, slots=True)
class GrantedPage:
    """`next` is None at the end."""

    rows: list[GrantedRow]
    next: str | None


def list_granted(
    session: Session,
    shop_id: int,
    grant_id: UUID,
    *,
    state: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> GrantedPage:
    """A page of the decision's members, or of those in one `state`, by their ids.

    A foreign cursor begins anew; another shop's decision has nobody.
    """
    theirs = (Member.shop_id == GroupGrantMember.shop_id) & (
        Member.id == GroupGrantMember.member_id
    )
    statement = (
        select(
            GroupGrantMember.member_id,
            *(Member.first_name, Member.last_name, Member.email),
            *(GroupGrantMember.state, GroupGrantMember.reason, GroupGrantMember.expired_points),
        )
        .join(Member, theirs)
        .where(GroupGrantMember.shop_id == shop_id, GroupGrantMember.grant_id == grant_id)
        .order_by(GroupGrantMember.member_id)
        .limit(limit + 1)
    )
    if state is not None:
        statement = statement.where(GroupGrantMember.state == state)
    if cursor := paging.decode(after, UUID):
        statement = statement.where(GroupGrantMember.member_id > cursor[0])
    found = [GrantedRow(*row) for row in session.execute(statement)]
    rows = found[:limit]
    return GrantedPage(rows, paging.encode(rows[-1].member_id) if len(found) > limit else None)
