"""Segments of Aurora, and who is in them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base.ids import new_id
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member
from loyalty.segments.refreshing import refresh
from loyalty.segments.saving import add_segment
from loyalty.segments.tables import Segment, SegmentMember, SegmentMove
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer

STAFF = Actor("staff", "42")
BUYERS = {"fact": "order_count", "is": "at_least", "value": 1}
EVERYBODY = {"fact": "order_count", "is": "at_least", "value": 0}


def a_segment(
    session: Session,
    shop: Shop,
    criteria: Any = BUYERS,
    *,
    name: str = "Buyers",
    is_filled: bool = True,
) -> Segment:
    """A segment of the merchant's own."""
    segment = add_segment(session, shop, name=name, criteria=criteria, actor=STAFF, now=NOON)
    if is_filled:
        refresh(session, shop, segment.id, now=NOON)
    return segment


def another(session: Session, shop: Shop, customer_id: int = 502, **changes: Any) -> Member:
    """One more member, of a customer of their own."""
    facts = a_customer(customer_id, email=f"{customer_id}@example.com", **changes)
    customer = record_customer(session, shop, facts, now=NOON, is_backfill=False)
    return session.get_one(Member, (shop.shop_id, customer.member_id))


def members_in(session: Session, segment: Segment) -> set[UUID]:
    """Who belongs, which `size` must agree with."""
    statement = select(SegmentMember.member_id).where(
        SegmentMember.shop_id == segment.shop_id, SegmentMember.segment_id == segment.id
    )
    found = set(session.scalars(statement))
    session.refresh(segment)
    assert segment.size == len(found)
    return found


def moves_of(session: Session, segment: Segment) -> list[tuple[UUID, bool]]:
    """(member, whether they entered) of each move of the segment, oldest first."""
    rows: Sequence[Any] = session.execute(
        select(SegmentMove.member_id, SegmentMove.is_in)
        .where(SegmentMove.shop_id == segment.shop_id, SegmentMove.segment_id == segment.id)
        .order_by(SegmentMove.at, SegmentMove.is_in)
    ).all()
    return [(row.member_id, row.is_in) for row in rows]


NOBODY = new_id()
"""An id that no member has."""
