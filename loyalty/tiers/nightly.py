"""Looks at a whole shop's tiers and badges once a day, and once more when tiers were changed.

The invariant: a day is done only when every active member was looked at by the settings as they
are at its end; a run that dies begins anew, and finds less to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.badges.awarding import give_badges
from loyalty.badges.ready_made import add_ready_made
from loyalty.base.clock import day_in
from loyalty.members.tables import Member
from loyalty.programme.tables import Programme
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from loyalty.tiers.evaluation import evaluate
from loyalty.tiers.moves import Why


@dataclass(frozen=True, slots=True)
class Round:
    """A look at a whole shop: for which day, by which version of its tiers, and why."""

    today: date
    version: int
    is_after_change: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """What a batch came to; `last_id` is where the next one begins, None at the end."""

    members: int
    moved: int
    badges: int
    last_id: UUID | None


def begin_round(session: Session, shop_id: int, *, now: datetime) -> Round | None:
    """What is to be looked at now; None when the shop's day was done already."""
    shop = get_shop(session, shop_id)
    programme = session.get_one(Programme, shop_id, populate_existing=True)
    today = day_in(shop.timezone, now)
    if programme.standing_seen_on is not None and programme.standing_seen_on >= today:
        return None
    if programme.standing_seen_on is None:
        add_ready_made(session, shop_id, now=now)
    return Round(today, programme.tier_version, programme.standing_seen_on is None)


def look_at_batch(
    session: Session,
    shop: Shop,
    round_: Round,
    after: UUID | None,
    *,
    now: datetime,
    limit: int,
) -> Looked:
    """Evaluate the next members by id and give them badges. Flushes; the caller commits."""
    member_ids = _list_next(session, shop.shop_id, after, limit)
    if not member_ids:
        return Looked(0, 0, 0, None)
    why: Why | None = "settings" if round_.is_after_change else None
    moves = evaluate(session, shop, member_ids, now=now, why=why)
    given = give_badges(session, shop, member_ids, now=now)
    return Looked(len(member_ids), len(moves), len(given), member_ids[-1])


def end_round(session: Session, shop_id: int, round_: Round) -> bool:
    """Mark the day as done; False when a look was asked for meanwhile and all begins anew."""
    programme = session.get_one(Programme, shop_id, with_for_update=True, populate_existing=True)
    if programme.tier_version != round_.version:
        return False
    programme.standing_seen_on = round_.today
    return True


def ask_for_round(session: Session, shop_id: int) -> None:
    """Have the shop looked at by the next run, whatever the time of day: much has arrived."""
    programme = session.get_one(Programme, shop_id, with_for_update=True, populate_existing=True)
    # A run that is under way has looked at some of them before: it must not end the day.
    programme.tier_version += 1
    if programme.standing_seen_on is not None:
        programme.standing_seen_on = date.min


def _list_next(session: Session, shop_id: int, after: UUID | None, limit: int) -> Sequence[UUID]:
    statement = select(Member.id).where(Member.shop_id == shop_id, Member.state == "active")
    if after is not None:
        statement = statement.where(Member.id > after)
    return session.scalars(statement.order_by(Member.id).limit(limit)).all()
