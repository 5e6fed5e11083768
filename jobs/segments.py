"""Keeps segments true: a member at each change, a whole segment when it is new and once a day.

A member who is looked at has their row in the members list brought up to date, too.

The invariant: each segment is looked at in a transaction of its own, and one that fails keeps
none of the others from theirs.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import structlog

from jobs import overview
from loyalty.base import db
from loyalty.base.clock import day_in, utc_now
from loyalty.base.errors import BadCriteria
from loyalty.criteria.facts import Source
from loyalty.criteria.language import read_criteria, sources_of
from loyalty.criteria.outside import Reader
from loyalty.listing import keeping
from loyalty.segments import refreshing
from loyalty.segments.ready_made import add_ready_made
from loyalty.segments.tables import Segment
from loyalty.segments.views import list_segments
from loyalty.shops.directory import get_shop
from mailing.bouncing import select_bouncing
from wallet.held_cards import select_held

log = structlog.get_logger()

FACTS_OUTSIDE: Mapping[Source, Reader] = {
    Source.CARDS: select_held,
    Source.BOUNCES: select_bouncing,
}
"""Who reads what the domain does not know of its members."""


def look_at_member(shop_id: int, member_id: UUID) -> None:
    """Let the member enter and leave segments as they are now, and be listed so; safe twice."""
    look_at_members(shop_id, [member_id])


def look_at_members(shop_id: int, member_ids: Sequence[UUID]) -> Mapping[UUID, Exception | None]:
    """The same for each of these members, in one transaction; it fails for all or for none."""
    with db.shop_transaction(shop_id) as session:
        shop = get_shop(session, shop_id)
        refreshing.refresh_members(session, shop, member_ids, now=utc_now())
        keeping.refresh_members(session, shop, member_ids, now=utc_now())
    return dict.fromkeys(member_ids)


def fill_waiting(shop_id: int) -> int:
    """Fill the shop's segments that wait for it; how many there were."""
    with db.shop_transaction(shop_id) as session:
        waiting = [s.id for s in list_segments(session, shop_id) if s.refreshed_at is None]
    return _refresh_all(shop_id, waiting, utc_now())


def run_all() -> None:
    """Look at the segments of every shop whose day has begun since; many rules ask for days."""
    with db.shopless_transaction() as session:
        shops = overview.list_shops(session)
    for shop in shops:
        if shop.status == "uninstalled":
            continue
        try:
            run_shop(shop.shop_id, now=utc_now())
        except Exception:
            log.exception("segments_failed", shop=shop.shop_id)


def run_shop(shop_id: int, *, now: datetime) -> int:
    """Look at the shop's segments of yesterday and before; how many there were.

    A shop from before there were segments is given the ready-made ones.
    """
    with db.shop_transaction(shop_id) as session:
        shop = get_shop(session, shop_id)
        add_ready_made(session, shop, now=now)
        today = day_in(shop.timezone, now)
        due = [
            segment.id
            for segment in list_segments(session, shop_id)
            if _is_due(segment, shop.timezone, today)
        ]
    return _refresh_all(shop_id, due, now)


def look_again(shop_id: int, source: Source, *, now: datetime) -> int:
    """Look at the shop's segments that ask for facts of `source`: much of it has changed."""
    with db.shop_transaction(shop_id) as session:
        asking = [s.id for s in list_segments(session, shop_id) if _asks(s, source)]
    return _refresh_all(shop_id, asking, now)


def _asks(segment: Segment, source: Source) -> bool:
    """Whether it does; one that is unreadable, or waits to be filled, is left to its own look."""
    if segment.criteria is None or segment.refreshed_at is None:
        return False
    try:
        return source in sources_of(read_criteria(segment.criteria))
    except BadCriteria:
        return False


def _is_due(segment: Segment, zone: str, today: date) -> bool:
    return segment.refreshed_at is None or day_in(zone, segment.refreshed_at) < today


def _refresh_all(shop_id: int, segment_ids: Sequence[UUID], now: datetime) -> int:
    for segment_id in segment_ids:
        try:
            _refresh(shop_id, segment_id, now)
        except Exception:
            log.exception("segment_failed", shop=shop_id, segment=str(segment_id))
    return len(segment_ids)


def _refresh(shop_id: int, segment_id: UUID, now: datetime) -> None:
    with db.shop_transaction(shop_id) as session:
        shop = get_shop(session, shop_id)
        refreshed = refreshing.refresh(session, shop, segment_id, now=now)
    if refreshed is not None:
        log.info(
            "segment_refreshed",
            shop=shop_id,
            segment=str(segment_id),
            size=refreshed.size,
            entered=refreshed.entered,
            left=refreshed.left,
        )
