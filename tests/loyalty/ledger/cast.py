"""What tests of the books say in one line: a cause, a posting, a member's figures and lots."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.ledger.books import Books
from loyalty.ledger.journal import Cause
from loyalty.ledger.selfcheck import find_differences
from loyalty.ledger.tables import LedgerEntry, Lot
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member
from loyalty.programme.tables import Programme
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer
from tests.loyalty.conftest import balance_of

DAY = timedelta(days=1)


def a_cause(kind: str, key: str, at: datetime = NOON, order_id: int | None = None) -> Cause:
    return Cause(
        kind=kind,
        idempotency_key=key,
        source_kind="test",
        source_id=key,
        actor="system:test",
        occurred_at=at,
        order_id=order_id,
    )


class Hand:
    """Posts for one member, each call its own books: as separate requests would."""

    def __init__(self, session: Session, member: Member) -> None:
        self.session, self.member = session, member
        self._number = 0

    def credit(
        self,
        points: int,
        kind: str = "grant",
        *,
        at: datetime = NOON,
        order_id: int | None = None,
        **options: Any,
    ) -> LedgerEntry:
        books = self.books(at)
        cause = a_cause(kind, self._key(), at, order_id)
        entry = books.credit(self.member.id, cause, points=points, **options)
        books.write()
        return entry

    def debit(
        self, points: int, kind: str = "redeem", *, at: datetime = NOON, **options: Any
    ) -> LedgerEntry:
        books = self.books(at)
        entry = books.debit(
            self.member.id, a_cause(kind, self._key(), at), points=points, **options
        )
        books.write()
        return entry

    def reverse(self, points: int, order_id: int, *, at: datetime = NOON) -> int:
        books = self.books(at)
        cause = a_cause("earn_reversal", self._key(), at, order_id)
        forgiven = books.reverse(self.member.id, cause, points=points, order_id=order_id)
        books.write()
        return forgiven

    def books(self, at: datetime, *others: Member) -> Books:
        ids = [self.member.id, *(other.id for other in others)]
        return Books.open(self.session, self.member.shop_id, ids, now=at, admits_merged=True)

    def _key(self) -> str:
        self._number += 1
        return f"{self.member.id}:{self._number}"


def set_rule(session: Session, shop: Shop, **columns: Any) -> None:
    """Set the programme's columns as they are, past the checks of the settings."""
    programme = session.get_one(Programme, shop.shop_id)
    for name, value in columns.items():
        setattr(programme, name, value)
    session.flush()


def a_member(session: Session, shop: Shop, customer_id: int) -> Member:
    """Somebody else of the shop."""
    facts = a_customer(customer_id, email=f"{customer_id}@example.com")
    customer = record_customer(session, shop, facts, now=NOON, is_backfill=False)
    return session.get_one(Member, (shop.shop_id, customer.member_id))


def figures(session: Session, member: Member) -> tuple[int, int, int, int]:
    """Available, pending, lifetime earned, lifetime burned."""
    b = balance_of(session, member)
    return b.available, b.pending, b.lifetime_earned, b.lifetime_burned


def lots_of(session: Session, member: Member) -> list[tuple[date | None, int]]:
    """The last day and what is left of each lot that holds points, oldest lot first."""
    rows = session.execute(
        select(Lot.last_valid_on, Lot.points_left)
        .where(Lot.shop_id == member.shop_id, Lot.member_id == member.id, Lot.points_left > 0)
        .order_by(Lot.opened_at, Lot.id)
    )
    return [(row.last_valid_on, row.points_left) for row in rows]


def entries_of(session: Session, member: Member) -> list[tuple[str, int]]:
    """Kind and points of each entry, oldest first."""
    rows = session.execute(
        select(LedgerEntry.kind, LedgerEntry.points)
        .where(LedgerEntry.shop_id == member.shop_id, LedgerEntry.member_id == member.id)
        .order_by(LedgerEntry.id)
    )
    return [(row.kind, row.points) for row in rows]


def agree(session: Session, shop_id: int) -> bool:
    """Whether every figure equals its rebuild, and says which do not."""
    differences = find_differences(session, shop_id)
    assert differences == []
    return True


def points_of(session: Session, ids: Iterable[UUID], shop_id: int) -> int:
    """Σ entries of these members."""
    rows = session.scalars(
        select(LedgerEntry.points).where(
            LedgerEntry.shop_id == shop_id, LedgerEntry.member_id.in_(list(ids))
        )
    )
    return sum(rows)
