"""Lots move with their dates; out and in sum to zero; an undo sends home what is left."""

from datetime import date, datetime
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base.ids import new_id
from loyalty.ledger.giving_back import return_points
from loyalty.ledger.moving import Moving, merge_points, unmerge_points
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import Member, MemberBalance
from loyalty.orders.recording import record_order
from loyalty.orders.tables import Order
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer, an_order
from tests.loyalty.ledger.cast import (
    DAY,
    Hand,
    a_cause,
    a_member,
    agree,
    entries_of,
    figures,
    lots_of,
    points_of,
)

STAFF = Actor("staff", "42")


@pytest.fixture
def agnes(session: Session, aurora: Shop) -> Member:
    """Who Alice turns out to be as well."""
    return a_member(session, aurora, 502)


@pytest.fixture
def other(session: Session, agnes: Member) -> Hand:
    """Agnes's hand."""
    return Hand(session, agnes)


class Merge:
    """Agnes merged into Alice, and undone."""

    def __init__(self, session: Session, alice: Member, agnes: Member) -> None:
        self.session, self.alice, self.agnes = session, alice, agnes
        self.moving = Moving(new_id(), agnes.id, alice.id, STAFF)
        self.merged_at = NOON

    def make(self, at: datetime = NOON) -> int:
        self.merged_at = at
        books = Hand(self.session, self.alice).books(at, self.agnes)
        points = merge_points(books, self.moving)
        books.write()
        self._set(self.alice.id)
        return points

    def undo(self, at: datetime = NOON) -> int:
        self._set(None)  # Who goes home is on their own again, before the points go.
        books = Hand(self.session, self.alice).books(at, self.agnes)
        points = unmerge_points(books, self.moving, merged_at=self.merged_at)
        books.write()
        return points

    def _set(self, into: UUID | None) -> None:
        balance = self.session.get_one(MemberBalance, (self.agnes.shop_id, self.agnes.id))
        balance.merged_into = into
        self.session.flush()


@pytest.fixture
def merge(session: Session, alice: Member, agnes: Member) -> Merge:
    return Merge(session, alice, agnes)


def test_lots_move_with_their_dates_and_figures_add(
    session: Session, alice: Member, agnes: Member, hand: Hand, other: Hand, merge: Merge
) -> None:
    hand.credit(10)
    other.credit(100, last_valid_on=date(2026, 12, 1))
    other.credit(40, "earn_order", order_id=1, available_at=NOON + 14 * DAY)
    other.debit(30)

    moved = merge.make()

    assert moved == 110
    assert lots_of(session, alice) == [(None, 10), (date(2026, 12, 1), 70), (None, 40)]
    assert figures(session, alice) == (80, 40, 110, 30)
    assert figures(session, agnes) == (0, 0, 0, 0)
    assert entries_of(session, agnes)[-1] == ("merge_out", -110)
    assert entries_of(session, alice)[-1] == ("merge_in", 110)
    assert agree(session, alice.shop_id)


def test_a_merge_fills_what_either_lacks(
    session: Session, alice: Member, hand: Hand, other: Hand, merge: Merge
) -> None:
    other.credit(100, "earn_order", order_id=1)
    other.debit(100)
    other.reverse(100, 1)
    hand.credit(150)

    merge.make()

    assert figures(session, alice) == (50, 0, 150, 100)
    assert lots_of(session, alice) == [(None, 50)]
    assert agree(session, alice.shop_id)


def test_a_merge_of_somebody_without_points_writes_no_entry(
    session: Session, alice: Member, merge: Merge
) -> None:
    assert merge.make() == 0

    assert entries_of(session, alice) == []


def test_a_later_reversal_finds_the_orders_lot_at_the_survivor(
    session: Session, alice: Member, hand: Hand, other: Hand, merge: Merge
) -> None:
    hand.credit(50, last_valid_on=date(2026, 12, 1))
    other.credit(100, "earn_order", order_id=1)
    merge.make()

    hand.reverse(60, 1)

    assert lots_of(session, alice) == [(date(2026, 12, 1), 50), (None, 40)]
    assert agree(session, alice.shop_id)


def test_a_later_return_of_a_redemption_goes_to_the_lots_present_owner(
    session: Session, alice: Member, agnes: Member, other: Hand, merge: Merge
) -> None:
    other.credit(100, last_valid_on=date(2026, 12, 1))
    debit = other.debit(80)
    merge.make()

    cause = a_cause("redeem_reversal", "back")
    return_points(session, alice.shop_id, debit.id, cause, points=50, now=NOON)

    assert lots_of(session, alice) == [(date(2026, 12, 1), 70)]
    assert figures(session, alice) == (70, 0, 100, 30)
    assert figures(session, agnes) == (0, 0, 0, 0)
    assert agree(session, alice.shop_id)


def test_an_undo_sends_home_what_is_left_of_the_lots(
    session: Session, alice: Member, agnes: Member, hand: Hand, other: Hand, merge: Merge
) -> None:
    hand.credit(10)
    other.credit(100, last_valid_on=date(2026, 12, 1))
    other.debit(20)
    merge.make()
    hand.debit(50)
    hand.credit(5)

    home = merge.undo()

    # 100 − 20 − 50: what was spent stays spent, of her lot because it expires first.
    assert home == 30
    assert figures(session, agnes) == (30, 0, 100, 20)
    assert figures(session, alice) == (15, 0, 15, 50)
    assert points_of(session, [alice.id, agnes.id], alice.shop_id) == 45
    assert agree(session, alice.shop_id)


def test_an_undo_names_the_entries_it_reverses(
    session: Session, alice: Member, agnes: Member, other: Hand, merge: Merge
) -> None:
    other.credit(100)
    merge.make()

    merge.undo()

    rows = session.scalars(
        select(LedgerEntry)
        .where(LedgerEntry.source_kind == "merge", LedgerEntry.shop_id == alice.shop_id)
        .order_by(LedgerEntry.id)
    ).all()
    assert [(row.kind, row.points) for row in rows] == [
        ("merge_out", -100),
        ("merge_in", 100),
        ("merge_out", 100),
        ("merge_in", -100),
    ]
    assert [row.reverses_id for row in rows] == [None, None, rows[0].id, rows[1].id]


def test_a_deficit_that_the_merge_filled_counts_as_spent(
    session: Session, alice: Member, agnes: Member, hand: Hand, other: Hand, merge: Merge
) -> None:
    other.credit(100, "earn_order", order_id=1)
    other.debit(100)
    other.reverse(100, 1)
    hand.credit(150)
    merge.make()

    merge.undo()

    assert figures(session, agnes)[0] == 0
    assert figures(session, alice)[0] == 50
    assert agree(session, alice.shop_id)


def test_a_deficit_that_nothing_filled_goes_home(
    session: Session, alice: Member, agnes: Member, hand: Hand, other: Hand, merge: Merge
) -> None:
    other.credit(100, "earn_order", order_id=1)
    other.debit(100)
    other.reverse(100, 1)
    hand.credit(30)
    merge.make()

    merge.undo()

    assert figures(session, agnes)[0] == -70
    assert figures(session, alice)[0] == 0
    assert agree(session, alice.shop_id)


def test_orders_of_the_time_between_go_home_with_their_points(
    session: Session, aurora: Shop, alice: Member, agnes: Member, hand: Hand, merge: Merge
) -> None:
    merge.make()
    order = record_order(session, aurora, an_order(), now=NOON, is_backfill=False)
    assert figures(session, alice)[0] == 10
    stored = session.get_one(Order, (aurora.shop_id, order.order_id))
    stored.member_id = agnes.id
    session.flush()

    home = merge.undo()

    assert home == 10
    assert figures(session, agnes) == (10, 0, 10, 0)
    assert figures(session, alice) == (0, 0, 0, 0)
    assert agree(session, aurora.shop_id)


def test_a_later_deficit_stays_with_the_owner_of_the_reversed_order(
    session: Session, aurora: Shop, alice: Member, agnes: Member, merge: Merge, hand: Hand
) -> None:
    facts = a_customer(502, email="502@example.com")
    record_order(
        session, aurora, an_order(customer_id=502, customer=facts), now=NOON, is_backfill=False
    )
    assert figures(session, agnes)[0] == 10
    merge.make()
    hand.debit(10)
    hand.reverse(10, 5123)
    assert figures(session, alice) == (-10, 0, 0, 10)

    merge.undo()

    assert figures(session, agnes) == (-10, 0, 0, 0)
    assert figures(session, alice) == (0, 0, 0, 10)
    assert agree(session, aurora.shop_id)


def test_a_redemption_made_while_merged_is_the_survivors_and_its_points_go_to_the_lots_owner(
    session: Session, alice: Member, agnes: Member, other: Hand, hand: Hand, merge: Merge
) -> None:
    other.credit(100)
    merge.make()
    debit = hand.debit(60)
    merge.undo()
    assert figures(session, alice) == (0, 0, 0, 60)

    cause = a_cause("redeem_reversal", "back")
    return_points(session, alice.shop_id, debit.id, cause, points=60, now=NOON)

    assert figures(session, agnes) == (100, 0, 100, 0)
    assert figures(session, alice) == (0, 0, 0, 0)
    assert agree(session, alice.shop_id)
