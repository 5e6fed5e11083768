"""Gives badges to whoever meets their criteria, once each, with the day.

The invariant: a badge once given stays, whatever becomes of the facts.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.badges.tables import Badge, MemberBadge
from loyalty.base.bulk import among_many, insert_rows
from loyalty.base.clock import day_in
from loyalty.base.errors import BadCriteria
from loyalty.base.ids import new_id
from loyalty.criteria.evaluating import holds
from loyalty.criteria.facts import Source
from loyalty.criteria.language import Criteria, read_criteria, sources_of
from loyalty.criteria.loading import members_facts
from loyalty.members.tables import TimelineEvent
from loyalty.shops.tables import Shop

log = structlog.get_logger()

Given = tuple[UUID, UUID]
"""(member, badge)."""


def give_badges(
    session: Session,
    shop: Shop,
    member_ids: Collection[UUID],
    *,
    now: datetime,
    touched: Collection[Source] = tuple(Source),
) -> list[Given]:
    """Give each of these members the badges they have come to deserve; which were given now.

    `touched`: only badges that ask for a fact of these sources are looked at. A few statements for
    all; again it gives nothing. Flushes; the caller commits.
    """
    badges = [
        (badge, criteria)
        for badge, criteria in _readable(list_active_badges(session, shop.shop_id))
        if sources_of(criteria) & set(touched)
    ]
    if not badges or not member_ids:
        return []
    session.flush()
    had = _list_had(session, shop.shop_id, member_ids, [badge.id for badge, _ in badges])
    lacking = [m for m in member_ids if any((m, badge.id) not in had for badge, _ in badges)]
    sources = frozenset().union(*(sources_of(criteria) for _, criteria in badges))
    facts = members_facts(session, shop, lacking, now=now, sources=sources)
    deserved = [
        (member_id, badge.id)
        for member_id in sorted(facts)
        for badge, criteria in badges
        if (member_id, badge.id) not in had and holds(criteria, facts[member_id])
    ]
    return _give(session, shop, deserved, {badge.id: badge for badge, _ in badges}, now)


def list_active_badges(session: Session, shop_id: int) -> Sequence[Badge]:
    """The badges that can be won, the oldest first."""
    statement = select(Badge).where(Badge.shop_id == shop_id, Badge.is_active).order_by(Badge.id)
    return session.scalars(statement).all()


def _readable(badges: Iterable[Badge]) -> list[tuple[Badge, Criteria]]:
    """Those whose criteria can be read; a release may have dropped a fact that one asks for."""
    found = []
    for badge in badges:
        try:
            found.append((badge, read_criteria(badge.criteria)))
        except BadCriteria as error:
            log.error("badge_unusable", shop=badge.shop_id, badge=str(badge.id), field=error.field)
    return found


def _list_had(
    session: Session, shop_id: int, member_ids: Collection[UUID], badge_ids: Collection[UUID]
) -> set[Given]:
    rows = session.execute(
        select(MemberBadge.member_id, MemberBadge.badge_id).where(
            MemberBadge.shop_id == shop_id,
            among_many(MemberBadge.member_id, member_ids),
            among_many(MemberBadge.badge_id, badge_ids),
        )
    )
    return {(member_id, badge_id) for member_id, badge_id in rows}


def _give(
    session: Session,
    shop: Shop,
    deserved: Sequence[Given],
    badges: dict[UUID, Badge],
    now: datetime,
) -> list[Given]:
    """Write what nobody else has written meanwhile, with an event for each."""
    if not deserved:
        return []
    common = {
        "shop_id": shop.shop_id,
        "earned_on": day_in(shop.timezone, now),
        "earned_at": now,
    }
    rows = [{"member_id": member, "badge_id": badge} | common for member, badge in deserved]
    statement = (
        insert(MemberBadge)
        .on_conflict_do_nothing()
        .returning(MemberBadge.member_id, MemberBadge.badge_id)
    )
    given = [(member, badge) for member, badge in session.execute(statement, rows)]
    insert_rows(
        session,
        TimelineEvent,
        [_event(shop.shop_id, member_id, badges[badge_id], now) for member_id, badge_id in given],
    )
    return given


def _event(shop_id: int, member_id: UUID, badge: Badge, now: datetime) -> dict[str, object]:
    return {
        "shop_id": shop_id,
        "id": new_id(),
        "member_id": member_id,
        "kind": timeline.BADGE_EARNED,
        "occurred_at": now,
        "details": {"badge": badge.name},
    }
