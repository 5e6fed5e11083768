"""What pages and cards show of tiers. Reads only; with tiers off nobody is in one."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among_many
from loyalty.base.clock import day_in
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop
from loyalty.tiers.evaluation import terms_of
from loyalty.tiers.held import Held, list_held
from loyalty.tiers.ladder import Ladder, Rung, load_ladder
from loyalty.tiers.metric import Measured, measure
from loyalty.tiers.tables import MemberTier


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a member stands. `metric`, and what is `missing` to `next`: minor units or points.

    `is_points` says which. `lasts_until_on`: by cycle, the last day of what was won so far.
    `hand_mode`, `hand_reason` and `hand_until_on` stand while something is set by hand.
    """

    tier: Rung | None
    is_points: bool
    metric: int
    next: Rung | None
    missing: int
    lasts_until_on: date | None
    hand_mode: str | None
    hand_reason: str | None
    hand_until_on: date | None


def list_tiers_of(session: Session, shop_id: int, member_ids: Collection[UUID]) -> dict[UUID, Rung]:
    """The tier that each of these members holds; who is in none is left out."""
    if not member_ids or not get_programme(session, shop_id).tiers_on:
        return {}
    ladder = load_ladder(session, shop_id)
    written = session.execute(
        select(MemberTier.member_id, MemberTier.tier_id).where(
            MemberTier.shop_id == shop_id, among_many(MemberTier.member_id, member_ids)
        )
    )
    ranks = {member_id: ladder.rank_of(tier_id) for member_id, tier_id in written}
    rungs = {m: ladder.find(ranks.get(m, ladder.first_rank)) for m in member_ids}
    return {member_id: rung for member_id, rung in rungs.items() if rung is not None}


def find_standing(
    session: Session, shop: Shop, member_id: UUID, *, now: datetime
) -> Standing | None:
    """Where the member stands; None while tiers are off, or for one who is not active."""
    programme = get_programme(session, shop.shop_id)
    if not programme.tiers_on:
        return None
    ladder, today = load_ladder(session, shop.shop_id), day_in(shop.timezone, now)
    held = list_held(session, shop, ladder, [member_id], today)
    if not held:
        return None
    [own] = held
    terms = terms_of(programme, shop)
    measured = measure(session, shop.shop_id, {member_id: own.joined_on}, terms, today)[member_id]
    row = session.get(MemberTier, (shop.shop_id, member_id))
    above = ladder.above(own.rank)
    return Standing(
        tier=ladder.find(own.rank),
        is_points=terms.metric == "points",
        metric=measured.now,
        next=above,
        missing=max(0, above.threshold - measured.now) if above else 0,
        lasts_until_on=_lasts_until(ladder, own, measured),
        hand_mode=own.hand_mode,
        hand_reason=row.hand_reason if row and own.hand_mode else None,
        hand_until_on=row.hand_until_on if row and own.hand_mode else None,
    )


def _lasts_until(ladder: Ladder, held: Held, measured: Measured) -> date | None:
    """By cycle: the latest end among_many the cycles that give this tier or a higher one."""
    ends = [
        span.lasts_until_on
        for span, reached in measured.by_span
        if ladder.rank_at(reached) >= held.rank > ladder.first_rank
    ]
    return max(ends, default=None)
