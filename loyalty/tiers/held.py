"""How members stand: the tier that is written, and what was set by hand as far as it holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among_many
from loyalty.base.clock import day_in
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from loyalty.tiers.ladder import NO_RANK, Ladder
from loyalty.tiers.tables import MemberTier


@dataclass(frozen=True, slots=True)
class Held:
    """A member's tier as it is written, and where that is on the ladder.

    `hand_mode` (floor, lock) stands only while it holds.
    """

    member_id: UUID
    joined_on: date
    tier_id: UUID | None
    rank: int
    hand_mode: str | None = None
    hand_rank: int = NO_RANK

    def rank_for(self, deserved: int) -> int:
        """Where the member stands whose metric gives rank `deserved`."""
        if self.hand_mode == "lock":
            return self.hand_rank
        return max(deserved, self.hand_rank) if self.hand_mode == "floor" else deserved


def list_held(
    session: Session, shop: Shop, ladder: Ladder, member_ids: Iterable[UUID], today: date
) -> list[Held]:
    """How each of these members stands on the shop's day `today`; only active ones, by id."""
    rows = session.execute(
        select(Member.id, Member.joined_at, MemberTier)
        .outerjoin(
            MemberTier,
            (MemberTier.shop_id == Member.shop_id) & (MemberTier.member_id == Member.id),
        )
        .where(
            Member.shop_id == shop.shop_id,
            among_many(Member.id, member_ids),
            Member.state == "active",
        )
        .order_by(Member.id)
        .execution_options(populate_existing=True)
    )
    return [
        _held(row.id, day_in(shop.timezone, row.joined_at), row.MemberTier, ladder, today)
        for row in rows
    ]


def _held(
    member_id: UUID, joined_on: date, row: MemberTier | None, ladder: Ladder, today: date
) -> Held:
    if row is None:
        first = ladder.first_rank
        return Held(member_id, joined_on, ladder.id_of(first), first)
    holds = row.hand_until_on is None or row.hand_until_on >= today
    return Held(
        member_id=member_id,
        joined_on=joined_on,
        tier_id=row.tier_id,
        rank=ladder.rank_of(row.tier_id),
        hand_mode=row.hand_mode if holds else None,
        hand_rank=ladder.rank_of(row.hand_tier_id),
    )
