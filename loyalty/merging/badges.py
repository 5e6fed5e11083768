"""Badges of two members who are made one: all of both, each with its first day."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty.badges.tables import MemberBadge
from loyalty.privacy.parts import Merging, Unites


def _unite(session: Session, merging: Merging) -> None:
    """The merged member keeps their own, so that an undo has them at hand."""
    own = {badge.badge_id: badge for badge in _badges(session, merging, merging.survivor_id)}
    added, earlier = [], {}
    for badge in _badges(session, merging, merging.merged_id):
        mine = own.get(badge.badge_id)
        if mine is None:
            added.append(str(badge.badge_id))
            _add(session, merging, badge)
        elif badge.earned_at < mine.earned_at:
            earlier[str(badge.badge_id)] = [
                mine.earned_on.isoformat(),
                mine.earned_at.isoformat(),
            ]
            mine.earned_on, mine.earned_at = badge.earned_on, badge.earned_at
    if added or earlier:
        merging.notes[MemberBadge.__tablename__] = {"added": added, "earlier": earlier}
    session.flush()


def _part(session: Session, merging: Merging) -> None:
    notes = merging.notes.get(MemberBadge.__tablename__, {})
    added = [UUID(badge_id) for badge_id in notes.get("added", ())]
    session.execute(
        delete(MemberBadge).where(
            MemberBadge.shop_id == merging.shop_id,
            MemberBadge.member_id == merging.survivor_id,
            MemberBadge.badge_id.in_(added),
        )
    )
    for badge_id, (earned_on, earned_at) in notes.get("earlier", {}).items():
        key = (merging.shop_id, merging.survivor_id, UUID(badge_id))
        mine = session.get(MemberBadge, key, populate_existing=True)
        if mine is not None:
            mine.earned_on = date.fromisoformat(earned_on)
            mine.earned_at = datetime.fromisoformat(earned_at)
    session.flush()


def _badges(session: Session, merging: Merging, member_id: UUID) -> list[MemberBadge]:
    return list(
        session.scalars(
            select(MemberBadge)
            .where(MemberBadge.shop_id == merging.shop_id, MemberBadge.member_id == member_id)
            .order_by(MemberBadge.badge_id)
            .execution_options(populate_existing=True)
        )
    )


def _add(session: Session, merging: Merging, badge: MemberBadge) -> None:
    session.execute(
        insert(MemberBadge)
        .values(
            shop_id=merging.shop_id,
            member_id=merging.survivor_id,
            badge_id=badge.badge_id,
            earned_on=badge.earned_on,
            earned_at=badge.earned_at,
        )
        .on_conflict_do_nothing()
    )


UNITED = Unites("all of both, each with its first day", _unite, _part)
