"""Transactions by type, in batches, with the history of whom a member has taken in."""

import csv
import io

import pytest
from sqlalchemy.orm import Session

from loyalty.base.errors import MemberNotFound
from loyalty.ledger.posting import lock_balance
from loyalty.ledger.tables import KINDS
from loyalty.members.tables import Member
from loyalty.orders.recording import record_order
from loyalty.queries.transactions import (
    TYPES,
    TransactionRow,
    as_csv,
    iterate_transactions,
    list_transactions,
)
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, an_order
from tests.loyalty.conftest import install_shop
from tests.loyalty.ledger.cast import DAY, Hand, a_member


def test_each_kind_of_entry_is_of_one_type() -> None:
    kinds = [kind for of_type in TYPES.values() for kind in of_type]

    assert sorted(kinds) == sorted(KINDS)


def test_each_type_finds_its_own(session: Session, aurora: Shop, alice: Member) -> None:
    hand = Hand(session, alice)
    record_order(session, aurora, an_order(), now=NOON, is_backfill=False)
    hand.credit(50, last_valid_on=NOON.date())
    hand.debit(5, "deduct")
    hand.debit(20, "redeem", at=NOON)
    hand.credit(3, "import")
    hand.reverse(4, 5123)
    hand.debit(1, "deduct", at=NOON + 5 * DAY)

    found = {
        name: [
            row.points
            for row in list_transactions(session, aurora.shop_id, alice.id, of_type=name).rows
        ]
        for name in TYPES
    }

    assert found == {
        "earned": [10],
        "redeemed": [-20],
        "granted": [50],
        "deducted": [-1, -4, -5],
        "expired": [-25],
        "moved": [3],
    }


def test_batches_are_newest_first_without_repeats(session: Session, alice: Member) -> None:
    hand = Hand(session, alice)
    for points in range(1, 6):
        hand.credit(points)

    first = list_transactions(session, alice.shop_id, alice.id, limit=3)
    rest = list_transactions(session, alice.shop_id, alice.id, limit=3, after=first.next)

    assert [row.points for row in first.rows + rest.rows] == [5, 4, 3, 2, 1]
    assert rest.next is None


def test_the_history_of_who_was_taken_in_stands_with_their_own(
    session: Session, aurora: Shop, alice: Member
) -> None:
    agnes = a_member(session, aurora, 502)
    Hand(session, agnes).credit(7)
    Hand(session, alice).credit(5)
    lock_balance(session, aurora.shop_id, agnes.id).merged_into = alice.id
    session.flush()

    rows = list(iterate_transactions(session, aurora.shop_id, alice.id))

    assert [row.points for row in rows] == [5, 7]


def test_a_member_of_another_shop_is_not_found(session: Session, alice: Member) -> None:
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/New_York")

    with pytest.raises(MemberNotFound):
        list_transactions(session, borealis.shop_id, alice.id)


def test_csv_is_in_the_shops_time_and_no_text_is_run(alice: Member) -> None:
    row = TransactionRow(alice.id, "earned", "earn_order", 10, NOON, '=HYPERLINK("x")', "cancelled")

    [header, line] = csv.reader(io.StringIO("".join(as_csv([row], "Europe/Madrid"))))

    assert header == ["Date", "Type", "Points", "Source", "Order", "Reason", "Entry"]
    assert line[:6] == [
        "2026-11-22 13:00:00",
        "Earned",
        "10",
        "earn_order",
        '\'=HYPERLINK("x")',
        "cancelled",
    ]
