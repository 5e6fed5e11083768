"""Whose a member is by now: one who was merged is the survivor, until the merge is undone.

Old links, codes and ids name the member who was merged; whoever follows them asks here first.
"""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.members.tables import MemberBalance

_STEPS_MAX = 50
"""A merged into B, B into C, …: longer chains are none of ours."""


def survivor_of(session: Session, shop_id: int, member_id: UUID) -> UUID:
    """The member who has taken this one in, or the member themselves."""
    for _ in range(_STEPS_MAX):
        into = session.scalar(
            select(MemberBalance.merged_into).where(
                MemberBalance.shop_id == shop_id, MemberBalance.member_id == member_id
            )
        )
        if into is None:
            return member_id
        member_id = into
    raise AssertionError("members are merged in a circle")


def list_taken_in(session: Session, shop_id: int, member_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Everybody whom these members have taken in → in which of them they are by now."""
    inside = {member_id: member_id for member_id in member_ids}
    fresh = set(inside)
    while fresh:
        rows = session.execute(
            select(MemberBalance.member_id, MemberBalance.merged_into).where(
                MemberBalance.shop_id == shop_id, among(MemberBalance.merged_into, fresh)
            )
        ).all()
        found = {row.member_id: row.merged_into for row in rows if row.member_id not in inside}
        inside |= {one: inside[into] for one, into in found.items()}
        fresh = set(found)
    return {one: into for one, into in inside.items() if one != into}


def with_merged(session: Session, shop_id: int, member_ids: Iterable[UUID]) -> set[UUID]:
    """These members, who has taken them in, and all whom those have taken in: one person each."""
    known: set[UUID] = set()
    fresh = {survivor_of(session, shop_id, member_id) for member_id in member_ids}
    while fresh:
        known |= fresh
        taken_in = session.scalars(
            select(MemberBalance.member_id).where(
                MemberBalance.shop_id == shop_id, MemberBalance.merged_into.in_(fresh)
            )
        )
        fresh = set(taken_in) - known
    return known
