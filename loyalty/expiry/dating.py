"""A new rule is brought to the lots that were there before it: the full period from its first day.

The invariant: no lot's day comes nearer, but where the rule is inactivity, which an active member
never meets; who loses nothing is told nothing.
"""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import automatic_emails, outbox, timeline
from loyalty.base import bulk
from loyalty.base.clock import day_in
from loyalty.expiry import terms
from loyalty.expiry.tables import ExpiryChange
from loyalty.ledger import dying
from loyalty.ledger.books import Books
from loyalty.ledger.shelf import OpenLot
from loyalty.ledger.tables import Lot
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop

BATCH = 200


def carry_on(session: Session, shop: Shop, *, now: datetime) -> int:
    """Date the old lots of the next members and tell them; how many, 0 when all is done.

    Flushes; the caller commits, and calls again.
    """
    change = session.scalar(
        select(ExpiryChange)
        .where(ExpiryChange.shop_id == shop.shop_id, ExpiryChange.done_at.is_(None))
        .order_by(ExpiryChange.id)
        .limit(1)
        .with_for_update()
    )
    if change is None:
        return 0
    members = _next_members(session, shop.shop_id, change.after_id)
    if not members:
        change.done_at = now
        session.flush()
        return 0
    books = Books.open(session, shop.shop_id, members, now=now, admits_merged=True)
    active = _active(session, shop.shop_id, members)
    for member_id in members:
        dying.expire_dead(books, member_id)
        dated = _date_lots(books, member_id, change.since_on)
        if dated and member_id in active:
            _tell(session, books, member_id, dated)
    books.write()
    change.after_id, change.members = members[-1], change.members + len(members)
    session.flush()
    return len(members)


def date_strays(session: Session, shop: Shop, *, now: datetime) -> int:
    """Date released lots that have no day though the rule gives one; how many members had such.

    A transaction that began before the rule may leave one, and so does a member who returns.
    """
    programme, zone = Books(session, shop.shop_id, [], now=now).rule()
    if programme.expiry_mode not in ("days", "months"):
        return 0
    strays = session.scalars(
        select(Lot.member_id)
        .where(
            Lot.shop_id == shop.shop_id,
            Lot.points_left > 0,
            Lot.released_at.is_not(None),
            Lot.last_valid_on.is_(None),
        )
        .distinct()
        .order_by(Lot.member_id)
        .limit(BATCH)
    ).all()
    assert programme.expiry_since is not None
    books = Books.open(session, shop.shop_id, strays, now=now, admits_merged=True)
    for member_id in strays:
        for lot in books.shelf.spendable(member_id):
            assert lot.released_at is not None
            if lot.last_valid_on is None:
                began_on = max(programme.expiry_since, day_in(zone, lot.released_at))
                _set_day(books, lot, terms.last_day(programme, began_on))
    books.write()
    return len(strays)


def _next_members(session: Session, shop_id: int, after: UUID | None) -> list[UUID]:
    statement = (
        select(Lot.member_id)
        .where(Lot.shop_id == shop_id, Lot.points_left > 0, Lot.released_at.is_not(None))
        .distinct()
        .order_by(Lot.member_id)
        .limit(BATCH)
    )
    if after is not None:
        statement = statement.where(Lot.member_id > after)
    return list(session.scalars(statement))


def _active(session: Session, shop_id: int, members: Iterable[UUID]) -> set[UUID]:
    return set(
        session.scalars(
            select(Member.id).where(
                Member.shop_id == shop_id, bulk.among(Member.id, members), Member.state == "active"
            )
        )
    )


def _date_lots(books: Books, member_id: UUID, since_on: date) -> dict[date, int]:
    """Give the member's lots their day by the rule; the points of each day that it gave."""
    programme, _ = books.rule()
    dated: dict[date, int] = {}
    for lot in books.shelf.spendable(member_id):
        if not lot.has_own_date:
            full = terms.last_day(programme, since_on)
            if full is not None and lot.last_valid_on is not None:
                full = max(full, lot.last_valid_on)
            _set_day(books, lot, full)
        last_day = dying.last_day_of(books, lot)
        if last_day is not None:
            dated[last_day] = dated.get(last_day, 0) + lot.points_left
    return dated


def _set_day(books: Books, lot: OpenLot, day: date | None) -> None:
    if lot.last_valid_on != day:
        lot.last_valid_on = day
        books.shelf.touch(lot)


def _tell(session: Session, books: Books, member_id: UUID, dated: dict[date, int]) -> None:
    """In the timeline and by email: the first day on which points go, and how many in all."""
    if books.rule()[0].expiry_mode == "never":
        return
    points, first_day = sum(dated.values()), min(dated).isoformat()
    timeline.note_event(
        session,
        books.shop_id,
        member_id,
        timeline.EXPIRY_BEGAN,
        books.now,
        expiring=points,
        last_valid_on=first_day,
    )
    if not automatic_emails.is_on(session, books.shop_id, "expiry_warning"):
        return
    outbox.stage(
        session,
        books.shop_id,
        outbox.EXPIRY_EMAIL_ASKED,
        member_id=member_id,
        body={"points": points, "last_valid_on": first_day, "days": None},
        now=books.now,
    )
