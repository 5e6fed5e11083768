"""A merchant's own badges, and turning any badge on or off. A badge is never deleted: members
have it.

The invariant: criteria that are stored can be read.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.badges.tables import Badge
from loyalty.base.errors import BadBadge, BadCriteria, BadgeNotFound
from loyalty.base.ids import new_id
from loyalty.base.said import said
from loyalty.criteria.language import read_criteria
from loyalty.programme.tables import Programme

BADGES_MAX = 100
_NAME_MAX = 40
_DESCRIPTION_MAX = 200


def list_badges(session: Session, shop_id: int) -> Sequence[Badge]:
    """All badges of the shop, those turned off too, the oldest first."""
    statement = select(Badge).where(Badge.shop_id == shop_id).order_by(Badge.id)
    return session.scalars(statement).all()


def add_badge(
    session: Session,
    shop_id: int,
    *,
    name: str,
    description: str,
    criteria: Any,
    actor: Actor,
    now: datetime,
) -> Badge:
    """A badge of the merchant's own; who meets its criteria by now gets it at night.

    Raises BadBadge with the field: name, description, or criteria and the way into them.
    """
    # One at a time, so that the limit and the names hold.
    session.get_one(Programme, shop_id, with_for_update=True)
    others = list_badges(session, shop_id)
    if len(others) >= BADGES_MAX:
        raise BadBadge("name", said("Use at most %(most)s badges", most=BADGES_MAX))
    badge = Badge(shop_id=shop_id, id=new_id(), code=None, is_active=True, created_at=now)
    _fill(badge, others, name, description, criteria)
    session.add(badge)
    _record(session, badge, "badge_added", actor, now)
    session.flush()
    return badge


def change_badge(
    session: Session,
    shop_id: int,
    badge_id: UUID,
    *,
    name: str,
    description: str,
    criteria: Any,
    actor: Actor,
    now: datetime,
) -> Badge:
    """The badge with other words and criteria; who has it keeps it. Raises as `add_badge`."""
    session.get_one(Programme, shop_id, with_for_update=True)
    badge = get_badge(session, shop_id, badge_id)
    others = [other for other in list_badges(session, shop_id) if other.id != badge_id]
    _fill(badge, others, name, description, criteria)
    _record(session, badge, "badge_changed", actor, now)
    session.flush()
    return badge


def switch_badge(
    session: Session, shop_id: int, badge_id: UUID, is_on: bool, *, actor: Actor, now: datetime
) -> bool:
    """Whether the badge can be won; False when it was so already. Who has it keeps it."""
    badge = get_badge(session, shop_id, badge_id)
    if badge.is_active == is_on:
        return False
    badge.is_active = is_on
    _record(session, badge, "badge_switched", actor, now)
    session.flush()
    return True


def get_badge(session: Session, shop_id: int, badge_id: UUID) -> Badge:
    """The shop's badge; raises BadgeNotFound."""
    badge = session.get(Badge, (shop_id, badge_id), with_for_update=True, populate_existing=True)
    if badge is None:
        raise BadgeNotFound(str(badge_id))
    return badge


def _fill(
    badge: Badge, others: Sequence[Badge], name: str, description: str, criteria: Any
) -> None:
    """Checks everything before it changes anything."""
    name, description = name.strip(), description.strip()
    if not name or len(name) > _NAME_MAX or not name.isprintable():
        raise BadBadge("name", said("Use 1 to %(most)s characters", most=_NAME_MAX))
    if any(other.name.casefold() == name.casefold() for other in others):
        raise BadBadge("name", said("There is a badge called %(name)s already", name=name))
    if len(description) > _DESCRIPTION_MAX or "\0" in description:
        raise BadBadge(
            "description", said("Use at most %(most)s characters", most=_DESCRIPTION_MAX)
        )
    try:
        read_criteria(criteria)
    except BadCriteria as error:
        raise BadBadge(f"criteria.{error.field}".rstrip("."), error.args[0]) from error
    badge.name, badge.description, badge.criteria = name, description, criteria


def _record(session: Session, badge: Badge, action: str, actor: Actor, now: datetime) -> None:
    audit.record(
        session,
        badge.shop_id,
        actor,
        action,
        ("badge", str(badge.id)),
        now=now,
        name=badge.name,
        criteria=badge.criteria,
        is_on=badge.is_active,
    )
