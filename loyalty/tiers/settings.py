"""Changing a shop's tiers: first who would move, then the change. Both ask the same question.

The invariant: a change counts the members that its preview counts, for both look at what is
written and at what the plan would give today.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.bulk import among
from loyalty.base.clock import day_in
from loyalty.base.errors import BadTier
from loyalty.base.said import said
from loyalty.members.tables import Member
from loyalty.programme.tables import Programme
from loyalty.shops.tables import Shop
from loyalty.tiers.evaluation import moves_under, terms_of
from loyalty.tiers.held import list_held
from loyalty.tiers.ladder import Ladder, load_ladder, make_ladder
from loyalty.tiers.plans import TierPlan
from loyalty.tiers.tables import MemberTier, Tier

BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Preview:
    """How many of the active `members` would move, and from which tier to which, by name."""

    members: int
    up: int
    down: int
    moves: Counter[tuple[str | None, str | None]]


def read_present(session: Session, shop: Shop) -> TierPlan:
    """The shop's tiers as they are."""
    programme = session.get_one(Programme, shop.shop_id)
    ladder = load_ladder(session, shop.shop_id)
    return TierPlan(programme.tiers_on, terms_of(programme, shop), ladder)


def preview_plan(session: Session, shop: Shop, plan: TierPlan, *, now: datetime) -> Preview:
    """Who would move if `plan` were saved now. Writes nothing; its memory is one batch."""
    up, down, members = 0, 0, 0
    counts: Counter[tuple[str | None, str | None]] = Counter()
    today = day_in(shop.timezone, now)
    ladder = _in_place_of(load_ladder(session, shop.shop_id), plan.ladder)
    for member_ids in active_members(session, shop.shop_id):
        members += len(member_ids)
        if not plan.is_on:
            continue
        held = list_held(session, shop, ladder, member_ids, today)
        for move in moves_under(session, shop, ladder, plan.terms, held, today):
            up, down = up + move.is_up, down + (not move.is_up)
            counts[ladder.name_of(move.before), ladder.name_of(move.after)] += 1
    return Preview(members, up, down, counts)


def save_plan(session: Session, shop: Shop, plan: TierPlan, *, actor: Actor, now: datetime) -> None:
    """Let the shop's tiers be as planned from now on; the next evaluation moves the members.

    Raises BadTier when a tier that is gone is still set by hand for somebody. Flushes; the
    caller commits.
    """
    programme = session.get_one(
        Programme, shop.shop_id, with_for_update=True, populate_existing=True
    )
    _save_rungs(session, shop, plan, now)
    programme.tiers_on = plan.is_on
    programme.tier_metric, programme.tier_cycle = plan.terms.metric, plan.terms.cycle
    programme.tier_grace_days = plan.terms.grace_days
    programme.tier_counts_grants = plan.terms.counts_grants
    programme.tier_counts_imports = plan.terms.counts_imports
    # Whoever stands elsewhere by now is moved by the next run, whatever the time of day.
    programme.tier_version += 1
    programme.standing_seen_on = None
    audit.record(
        session,
        shop.shop_id,
        actor,
        "tiers_saved",
        ("programme", str(shop.shop_id)),
        now=now,
        is_on=plan.is_on,
        metric=plan.terms.metric,
        cycle=plan.terms.cycle,
        grace_days=plan.terms.grace_days,
        tiers=[
            {"name": r.name, "threshold": r.threshold, "multiplier": str(r.multiplier)}
            for r in plan.ladder.rungs
        ],
    )
    session.flush()


def active_members(session: Session, shop_id: int) -> Iterator[list[UUID]]:
    """The ids of all active members, BATCH at a time."""
    last: UUID | None = None
    while True:
        statement = select(Member.id).where(Member.shop_id == shop_id, Member.state == "active")
        if last is not None:
            statement = statement.where(Member.id > last)
        found = list(session.scalars(statement.order_by(Member.id).limit(BATCH)))
        if not found:
            return
        yield found
        last = found[-1]


def _in_place_of(present: Ladder, planned: Ladder) -> Ladder:
    """The planned ladder as it would be after the present one."""
    kept = {rung.id for rung in planned.rungs}
    return make_ladder(
        planned.rungs, [rung for rung in (*present.rungs, *present.gone) if rung.id not in kept]
    )


def _save_rungs(session: Session, shop: Shop, plan: TierPlan, now: datetime) -> None:
    tiers = session.scalars(select(Tier).where(Tier.shop_id == shop.shop_id))
    known = {tier.id: tier for tier in tiers}
    gone = known.keys() - {rung.id for rung in plan.ladder.rungs}
    _check_unused(session, shop, gone, now)
    for tier_id in gone:
        known[tier_id].retired_at = known[tier_id].retired_at or now
    for rung in plan.ladder.rungs:
        tier = known.get(rung.id)
        if tier is None:
            tier = Tier(shop_id=shop.shop_id, id=rung.id, created_at=now)
            session.add(tier)
        tier.name, tier.threshold = rung.name, rung.threshold
        tier.multiplier, tier.retired_at = rung.multiplier, None
    session.flush()


def _check_unused(session: Session, shop: Shop, tier_ids: set[UUID], now: datetime) -> None:
    """Nobody is held by hand at a tier that is taken away: it would say nothing any more."""
    until_on = func.coalesce(MemberTier.hand_until_on, date.max)
    statement = select(func.count()).where(
        MemberTier.shop_id == shop.shop_id,
        MemberTier.hand_mode.is_not(None),
        among(MemberTier.hand_tier_id, tier_ids),
        until_on >= day_in(shop.timezone, now),
    )
    count = session.scalar(statement) or 0
    if count:
        raise BadTier(
            "tiers",
            said("%(count)s members are set by hand to a tier that would be gone", count=count),
        )
