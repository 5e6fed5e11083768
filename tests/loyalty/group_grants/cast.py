"""A segment of Aurora by hand, and a decision about it brought on as its job does."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.group_grants.deciding import give_to_segment, lock_grant
from loyalty.group_grants.giving import give_batch, prepare_batch
from loyalty.group_grants.tables import OPEN, GroupGrant, GroupGrantMember
from loyalty.group_grants.undoing import undo_batch
from loyalty.members.tables import Member
from loyalty.segments.overriding import put_in
from loyalty.segments.saving import add_segment
from loyalty.segments.tables import Segment
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON

STAFF = Actor("staff", "42")
TURNS_MAX = 30


def a_segment(session: Session, shop: Shop, *members: Member, name: str = "Regulars") -> Segment:
    """A segment by hand with these members."""
    segment = add_segment(session, shop, name=name, criteria=None, actor=STAFF, now=NOON)
    for member in members:
        put_in(session, shop, segment.id, member.id, actor=STAFF, now=NOON)
    return segment


def give(session: Session, shop: Shop, segment: Segment, **changes: Any) -> GroupGrant:
    """Decide that each member of the segment gets 100 points."""
    facts: dict[str, Any] = {
        "points": 100,
        "reason": "vip_bonus",
        "tells_members": False,
        "client_key": "key-1",
        "actor": STAFF,
        "now": NOON,
    }
    return give_to_segment(session, shop.shop_id, segment.id, **facts | changes)


def run(session: Session, grant: GroupGrant, *, now: datetime = NOON) -> None:
    """Batch after batch until nothing is left to do."""
    for _ in range(TURNS_MAX):
        lock_grant(session, grant.shop_id, grant.id)
        if grant.state not in OPEN:
            return
        if grant.state == "preparing":
            prepare_batch(session, grant)
        elif grant.state == "giving":
            give_batch(session, grant, now=now)
        else:
            undo_batch(session, grant, now=now)
    raise AssertionError(f"still {grant.state}")


def fates(session: Session, grant: GroupGrant) -> dict[UUID, tuple[str, str | None]]:
    """member → (state, reason)."""
    rows = session.scalars(
        select(GroupGrantMember)
        .where(GroupGrantMember.shop_id == grant.shop_id, GroupGrantMember.grant_id == grant.id)
        .execution_options(populate_existing=True)
    )
    return {row.member_id: (row.state, row.reason) for row in rows}
