"""Which tier a member holds before an order, and rising in the transaction that earned it.

The invariant: nobody falls here. What is lost is lost in an evaluation, at night or by settings.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty.badges.awarding import give_badges
from loyalty.base.clock import day_in
from loyalty.criteria.facts import Source
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop
from loyalty.tiers.evaluation import moves_under, terms_of
from loyalty.tiers.held import list_held
from loyalty.tiers.ladder import load_ladder
from loyalty.tiers.moves import Move, write_moves
from loyalty.tiers.views import list_tiers_of

BY_ORDERS = (Source.ORDERS, Source.BALANCE, Source.TIER)
BY_POINTS = (Source.BALANCE, Source.TIER)
"""What an order, or points alone, change: the sources of the facts that badges ask for."""

_NO_TIER: tuple[UUID | None, Decimal] = (None, Decimal(1))


def multiplier_of(session: Session, shop_id: int, member_id: UUID) -> tuple[UUID | None, Decimal]:
    """The tier held now, before the order counts, and its multiplier; (None, 1) without one."""
    return multipliers_of(session, shop_id, [member_id])[member_id]


def multipliers_of(
    session: Session, shop_id: int, member_ids: Sequence[UUID]
) -> dict[UUID, tuple[UUID | None, Decimal]]:
    """`multiplier_of` for each of these members, in two statements; with tiers off it asks nothing.

    An order may lift the multiplier of the same member's next one: a batch asks anew, after
    `after_changes`, before the second order of a member.
    """
    tiers = list_tiers_of(session, shop_id, member_ids)
    return {m: (tiers[m].id, tiers[m].multiplier) if m in tiers else _NO_TIER for m in member_ids}


def after_change(
    session: Session,
    shop: Shop,
    member_id: UUID,
    *,
    now: datetime,
    touched: Collection[Source] = BY_ORDERS,
) -> None:
    """Lift the member to the tier they have reached by now, and give the badges they deserve."""
    after_changes(session, shop, [member_id], now=now, touched=touched)


def after_changes(
    session: Session,
    shop: Shop,
    member_ids: Sequence[UUID],
    *,
    now: datetime,
    touched: Collection[Source] = BY_ORDERS,
) -> list[Move]:
    """Lift each member whose metric has reached a higher tier, and give badges; who was lifted.

    Only badges that ask for facts of the sources `touched` are looked at. The members' balances
    are locked, and what changed is staged or written. Flushes; the caller commits.
    """
    if not member_ids:
        return []
    session.flush()
    moves = _lift(session, shop, member_ids, now)
    give_badges(session, shop, member_ids, now=now, touched=touched)
    return moves


def _lift(session: Session, shop: Shop, member_ids: Sequence[UUID], now: datetime) -> list[Move]:
    programme = get_programme(session, shop.shop_id)
    if not programme.tiers_on:
        return []
    ladder, today = load_ladder(session, shop.shop_id), day_in(shop.timezone, now)
    may_rise = [
        each
        for each in list_held(session, shop, ladder, member_ids, today)
        if each.hand_mode != "lock" and each.rank < ladder.top_rank
    ]
    terms = terms_of(programme, shop)
    moves = [m for m in moves_under(session, shop, ladder, terms, may_rise, today) if m.is_up]
    write_moves(session, shop.shop_id, ladder, moves, now=now)
    return moves
