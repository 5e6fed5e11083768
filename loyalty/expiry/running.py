"""The nightly expiry of a shop: every lot whose last day is over, by its date or by inactivity.

The invariant: run twice, or late, it leaves the same books; each batch is a transaction.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.base.clock import day_in
from loyalty.ledger import dying
from loyalty.ledger.books import Books
from loyalty.ledger.tables import Lot
from loyalty.members.tables import MemberBalance
from loyalty.programme.tables import Programme
from loyalty.shops.tables import Shop

BATCH = 200


def is_due(session: Session, shop: Shop, *, now: datetime) -> bool:
    """Whether the shop's day has not been looked at yet."""
    checked_on = session.scalar(
        select(Programme.expiry_checked_on).where(Programme.shop_id == shop.shop_id)
    )
    return checked_on is None or checked_on < day_in(shop.timezone, now)


def note_done(session: Session, shop: Shop, *, now: datetime) -> None:
    """The shop's day has been looked at."""
    programme = session.get_one(Programme, shop.shop_id, with_for_update=True)
    programme.expiry_checked_on = day_in(shop.timezone, now)
    session.flush()


def expire_dated(session: Session, shop: Shop, *, now: datetime) -> int:
    """Expire the dead lots of the next members; how many lots, 0 when none is left."""
    # By day, then member, as the index has them: a batch reads no more lots than it expires.
    statement = (
        select(Lot.member_id)
        .where(
            Lot.shop_id == shop.shop_id,
            Lot.points_left > 0,
            Lot.released_at.is_not(None),
            Lot.last_valid_on < day_in(shop.timezone, now),
        )
        .order_by(Lot.last_valid_on, Lot.member_id)
        .limit(BATCH)
    )
    members = sorted(set(session.scalars(statement)))
    return _expire(session, shop, members, now)


def expire_idle(
    session: Session, shop: Shop, *, after: UUID | None, now: datetime
) -> tuple[UUID | None, int]:
    """Under inactivity: expire lots of the idle members that come `after`; how many lots.

    And the last member who was looked at, None at the end.
    """
    programme = session.get_one(Programme, shop.shop_id)
    if programme.expiry_mode != "inactivity":
        return None, 0
    assert programme.expiry_days and programme.expiry_since
    latest = day_in(shop.timezone, now) - timedelta(days=programme.expiry_days + 1)
    if programme.expiry_since > latest:
        return None, 0
    statement = (
        select(MemberBalance.member_id)
        .where(
            MemberBalance.shop_id == shop.shop_id,
            MemberBalance.available > 0,
            func.coalesce(MemberBalance.active_on, date.min) <= latest,
        )
        .order_by(MemberBalance.member_id)
        .limit(BATCH)
    )
    if after is not None:
        statement = statement.where(MemberBalance.member_id > after)
    members = session.scalars(statement).all()
    expired = _expire(session, shop, members, now)
    return (members[-1] if members else None), expired


def _expire(session: Session, shop: Shop, members: Sequence[UUID], now: datetime) -> int:
    books = Books.open(session, shop.shop_id, members, now=now, admits_merged=True)
    expired = sum(dying.expire_dead(books, member_id) for member_id in members)
    books.write()
    return expired
