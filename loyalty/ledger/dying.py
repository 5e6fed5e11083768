"""Lots whose last day is over expire: one entry each, at the local midnight after that day.

The invariant: a lot expires once, however often and whenever anybody looks.
"""

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from loyalty.base.clock import day_in
from loyalty.expiry import terms
from loyalty.ledger.journal import Cause
from loyalty.ledger.shelf import OpenLot

if TYPE_CHECKING:
    from loyalty.ledger.books import Books


def expire_dead(books: "Books", member_id: UUID) -> int:
    """Expire the member's lots whose last day is over; how many there were."""
    today, expired = books.today(), 0
    for lot in books.shelf.spendable(member_id):
        last_day = last_day_of(books, lot)
        if last_day is not None and last_day < today:
            _expire(books, lot, last_day)
            expired += 1
    return expired


def has_dead(books: "Books", member_id: UUID) -> bool:
    """Whether a lot of the member's is over and has not expired yet."""
    today = books.today()
    days = (last_day_of(books, lot) for lot in books.shelf.spendable(member_id))
    return any(day is not None and day < today for day in days)


def expire_idle(books: "Books", member_id: UUID) -> None:
    """Expire what inactivity has ended, before an activity would begin it anew."""
    programme, _ = books.rule()
    figures = books.balance(member_id)
    if programme.expiry_mode != "inactivity" or figures.available <= 0:
        return
    earliest = terms.idle_until(programme, figures.active_on, figures.active_on or date.min)
    if earliest is not None and earliest < books.today():
        expire_dead(books, member_id)


def last_day_of(books: "Books", lot: OpenLot) -> date | None:
    """The last day on which a released lot can be spent, by its own date or by inactivity."""
    programme, zone = books.rule()
    assert lot.released_at is not None
    active_on = books.balance(lot.member_id).active_on
    idle = terms.idle_until(programme, active_on, day_in(zone, lot.released_at))
    return min((day for day in (lot.last_valid_on, idle) if day is not None), default=None)


def _expire(books: "Books", lot: OpenLot, last_day: date) -> None:
    cause = Cause(
        kind="expire",
        idempotency_key=f"lot:{lot.id}:expire",
        source_kind="lot",
        source_id=str(lot.id),
        actor="system:encore",
        occurred_at=terms.expires_at(last_day, books.rule()[1]),
    )
    points = lot.points_left
    entry = books.post(lot.member_id, cause, -points)
    books.shelf.take(entry, [lot], points)
    books.count(entry, -points)
