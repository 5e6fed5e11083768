"""Looks anew at where members stand, and moves them up or down to what they deserve.

The invariant: a member's tier is a function of the orders and books as they are, of the settings
and of what was set by hand; evaluating twice on one day writes nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among_many
from loyalty.base.clock import day_in
from loyalty.members.tables import MemberBalance
from loyalty.programme.rules import get_programme
from loyalty.programme.tables import Programme
from loyalty.shops.tables import Shop
from loyalty.tiers.held import Held, list_held
from loyalty.tiers.ladder import Ladder, load_ladder
from loyalty.tiers.metric import Terms, measure
from loyalty.tiers.moves import Move, Why, write_moves


def evaluate(
    session: Session,
    shop: Shop,
    member_ids: Sequence[UUID],
    *,
    now: datetime,
    why: Why | None = None,
) -> list[Move]:
    """Move each of these members to the tier they deserve today; who was moved.

    Locks the balances of those who move, in id order, and looks at them once more. `why` stands
    on the timeline instead of earned or lapsed. Flushes; the caller commits.
    """
    found = plan_moves(session, shop, member_ids, now=now)
    if not found:
        return []
    movers = [move.member_id for move in found]
    lock_members(session, shop.shop_id, movers)
    return evaluate_locked(session, shop, movers, now=now, why=why)


def evaluate_locked(
    session: Session,
    shop: Shop,
    member_ids: Sequence[UUID],
    *,
    now: datetime,
    why: Why | None = None,
    reason: str | None = None,
) -> list[Move]:
    """`evaluate` for members whose balances the caller has locked.

    `why` stands on the timeline instead of earned or lapsed, and so does the `reason`.
    """
    session.flush()
    moves = plan_moves(session, shop, member_ids, now=now, why=why)
    write_moves(
        session, shop.shop_id, load_ladder(session, shop.shop_id), moves, now=now, reason=reason
    )
    return moves


def plan_moves(
    session: Session,
    shop: Shop,
    member_ids: Sequence[UUID],
    *,
    now: datetime,
    why: Why | None = None,
) -> list[Move]:
    """Who of these members does not stand where they deserve to; none while tiers are off."""
    programme = get_programme(session, shop.shop_id)
    if not member_ids or not programme.tiers_on:
        return []
    ladder, today = load_ladder(session, shop.shop_id), day_in(shop.timezone, now)
    held = list_held(session, shop, ladder, member_ids, today)
    return moves_under(session, shop, ladder, terms_of(programme, shop), held, today, why=why)


def moves_under(
    session: Session,
    shop: Shop,
    ladder: Ladder,
    terms: Terms,
    held: Sequence[Held],
    today: date,
    *,
    why: Why | None = None,
) -> list[Move]:
    """Who of `held` would move on `ladder` by `terms`; `held` has the ranks of that ladder."""
    # A lock needs no metric.
    measured_ids = {each.member_id: each.joined_on for each in held if each.hand_mode != "lock"}
    measured = measure(session, shop.shop_id, measured_ids, terms, today)
    moves = []
    for each in held:
        figures = measured.get(each.member_id)
        deserved = ladder.rank_at(figures.counting) if figures else each.hand_rank
        rank = each.rank_for(deserved)
        after = ladder.id_of(rank)
        if after != each.tier_id:
            is_up = rank > each.rank
            moves.append(
                Move(
                    each.member_id,
                    each.tier_id,
                    after,
                    is_up,
                    why or ("earned" if is_up else "lapsed"),
                )
            )
    return moves


def lock_members(session: Session, shop_id: int, member_ids: Iterable[UUID]) -> None:
    """Lock the balances of these members in id order, until the transaction ends."""
    session.execute(
        select(MemberBalance.member_id)
        .where(MemberBalance.shop_id == shop_id, among_many(MemberBalance.member_id, member_ids))
        .order_by(MemberBalance.member_id)
        .with_for_update()
    ).all()


def terms_of(programme: Programme, shop: Shop) -> Terms:
    """How the shop measures."""
    return Terms(
        metric=programme.tier_metric,
        cycle=programme.tier_cycle,  # type: ignore[arg-type]
        grace_days=programme.tier_grace_days,
        counts_grants=programme.tier_counts_grants,
        counts_imports=programme.tier_counts_imports,
        zone=shop.timezone,
    )
