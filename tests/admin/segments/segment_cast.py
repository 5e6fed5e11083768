"""Segments of a shop for the tests of their pages, and members with points."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.segments import refreshing, saving, views
from loyalty.segments.tables import Segment
from loyalty.shops.directory import get_shop
from tests.admin.cast import ShopAndClient

STAFF = Actor("staff", "42")
RICH = {"fact": "available_points", "is": "at_least", "value": 100}


def have_segment(shop: ShopAndClient, name: str, criteria: Any = None, **more: Any) -> UUID:
    """A segment, filled as its job would do it; without criteria one by hand."""
    now = utc_now()
    with shop_transaction(shop.shop_id) as session:
        row = get_shop(session, shop.shop_id)
        segment = saving.add_segment(
            session, row, name=name, criteria=criteria, actor=STAFF, now=now, **more
        )
        refreshing.refresh(session, row, segment.id, now=now)
        return segment.id


def get_segment(shop: ShopAndClient, segment_id: UUID) -> Segment:
    """As it is saved."""
    with shop_transaction(shop.shop_id) as session:
        return views.get_segment(session, shop.shop_id, segment_id)


def own_segments(shop: ShopAndClient) -> list[Segment]:
    """Those that are not ready-made, the oldest first."""
    with shop_transaction(shop.shop_id) as session:
        found = select(Segment).where(
            Segment.shop_id == shop.shop_id, Segment.is_ready_made.is_(False)
        )
        return list(session.scalars(found.order_by(Segment.id)))


def belonging(shop: ShopAndClient, segment_id: UUID) -> set[UUID]:
    """Who belongs to the segment."""
    with shop_transaction(shop.shop_id) as session:
        return set(session.scalars(views.member_ids(session, shop.shop_id, [segment_id])))


def give_points(shop: ShopAndClient, member_id: UUID, points: int) -> None:
    """Points by hand."""
    sent = {"points": str(points), "reason": "contest", "client_key": str(uuid4())}
    assert shop.post(f"/app/members/{member_id}/adjustments", **sent).status_code == 200
