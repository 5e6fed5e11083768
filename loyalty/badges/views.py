"""What pages show of a member's badges. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.badges.tables import Badge, MemberBadge


@dataclass(frozen=True, slots=True)
class EarnedBadge:
    """A badge that a member has since the shop's day `earned_on`."""

    name: str
    description: str
    earned_on: date


def list_badges_of(session: Session, shop_id: int, member_id: UUID) -> Sequence[EarnedBadge]:
    """The member's badges, the first earned first; those that can no longer be won, too."""
    rows = session.execute(
        select(Badge.name, Badge.description, MemberBadge.earned_on)
        .join(
            MemberBadge,
            (MemberBadge.shop_id == Badge.shop_id) & (MemberBadge.badge_id == Badge.id),
        )
        .where(MemberBadge.shop_id == shop_id, MemberBadge.member_id == member_id)
        .order_by(MemberBadge.earned_on, Badge.id)
    )
    return [EarnedBadge(row.name, row.description, row.earned_on) for row in rows]
