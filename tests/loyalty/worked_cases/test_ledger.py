"""The worked cases of the section Ledger, and of lots in redemptions; rows in docs/rules.md."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base.errors import IdempotencyConflict, InsufficientPoints, PointsSpent
from loyalty.earning.tables import Award
from loyalty.ledger.books import Books
from loyalty.ledger.giving_back import return_points
from loyalty.ledger.journal import Cause
from loyalty.ledger.mending import mend
from loyalty.ledger.moving import Moving, merge_points
from loyalty.ledger.posting import lock_balance
from loyalty.ledger.selfcheck import find_differences
from loyalty.ledger.tables import EntryNote, LedgerEntry, LotDebit
from loyalty.ledger.undoing import undo
from loyalty.members.tables import Member, MemberBalance
from loyalty.orders.recording import record_order
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_line, an_order
from tests.loyalty.ledger.cast import (
    DAY,
    Hand,
    a_cause,
    a_member,
    entries_of,
    figures,
    lots_of,
    set_rule,
)

STAFF = Actor("staff", "1")
SOON, LATE = date(2026, 12, 1), date(2027, 3, 1)


def taken_by(session: Session, entry: LedgerEntry) -> list[int]:
    """How much the entry took from each lot, in order."""
    rows = session.scalars(
        select(LotDebit.points).where(LotDebit.entry_id == entry.id).order_by(LotDebit.id)
    )
    return list(rows)


def give_back(hand: Hand, debit: LedgerEntry, points: int, days_later: int = 0) -> None:
    at = NOON + days_later * DAY
    cause = a_cause("redeem_reversal", f"back:{points}:{days_later}", at)
    return_points(hand.session, hand.member.shop_id, debit.id, cause, points=points, now=at)


def test_ledger_1_nobody_changes_or_deletes_an_entry(session: Session, alice: Member) -> None:
    Hand(session, alice).credit(100)

    for statement in ("UPDATE ledger_entry SET points = 1", "DELETE FROM ledger_entry"):
        with pytest.raises(DBAPIError, match=r"append-only|denied"), session.begin_nested():
            session.execute(text(statement))

    assert entries_of(session, alice) == [("grant", 100)]


def test_ledger_2_an_undo_is_the_same_kind_with_the_opposite_sign(
    session: Session, alice: Member
) -> None:
    grant = Hand(session, alice).credit(100)

    undone = undo(session, alice.shop_id, grant.id, actor=STAFF, now=NOON)

    assert entries_of(session, alice) == [("grant", 100), ("grant", -100)]
    assert undone.reverses_id == grant.id
    assert figures(session, alice) == (0, 0, 0, 0)


def test_ledger_3_a_spent_grant_is_undone_by_force_alone(session: Session, alice: Member) -> None:
    hand = Hand(session, alice)
    grant = hand.credit(100)
    hand.debit(30)

    with pytest.raises(PointsSpent):
        undo(session, alice.shop_id, grant.id, actor=STAFF, now=NOON)
    assert figures(session, alice)[0] == 70

    undo(session, alice.shop_id, grant.id, actor=STAFF, now=NOON, is_forced=True)
    assert figures(session, alice)[0] == -30


def test_ledger_4_a_debit_records_which_lots_it_took_from(session: Session, alice: Member) -> None:
    hand = Hand(session, alice)
    hand.credit(50, last_valid_on=SOON)
    hand.credit(50, last_valid_on=LATE)

    debit = hand.debit(60)

    assert taken_by(session, debit) == [50, 10]
    assert lots_of(session, alice) == [(LATE, 40)]


def test_ledger_5_available_and_pending_are_all_entries(session: Session, alice: Member) -> None:
    hand = Hand(session, alice)
    hand.credit(100)
    hand.credit(40, "earn_order", order_id=1, available_at=NOON + 14 * DAY)
    hand.debit(30)

    assert figures(session, alice)[:2] == (70, 40)
    assert sum(points for _, points in entries_of(session, alice)) == 110


def test_ledger_6_a_rebuild_finds_and_a_command_mends(session: Session, alice: Member) -> None:
    Hand(session, alice).credit(100)
    session.execute(update(MemberBalance).values(available=99))

    [found] = find_differences(session, alice.shop_id)
    assert (found.figure, found.cached, found.rebuilt) == ("available", 99, 100)

    mend(session, alice.shop_id, actor=STAFF, now=NOON)
    assert figures(session, alice)[0] == 100
    assert find_differences(session, alice.shop_id) == []


def test_ledger_7_a_debit_beyond_available_is_refused_whole(
    session: Session, alice: Member
) -> None:
    hand = Hand(session, alice)
    hand.credit(100)

    with pytest.raises(InsufficientPoints):
        hand.debit(101)
    assert figures(session, alice)[0] == 100

    hand.debit(100)
    assert figures(session, alice)[0] == 0


def test_ledger_8_of_two_debits_for_the_same_points_one_is_told(
    session: Session, alice: Member
) -> None:
    hand = Hand(session, alice)
    hand.credit(100)
    hand.debit(60)

    with pytest.raises(InsufficientPoints):
        hand.debit(60)

    assert figures(session, alice)[0] == 40


def test_ledger_9_the_outside_fact_is_the_key(
    session: Session, aurora: Shop, alice: Member
) -> None:
    for _ in range(2):
        record_order(session, aurora, an_order(), now=NOON, is_backfill=False)

    [key] = session.scalars(select(LedgerEntry.idempotency_key))
    assert key.startswith("order:5123:rule:") and key.endswith(":v1")
    assert figures(session, alice)[0] == 10


def test_ledger_10_earning_and_spending_are_two_entries(session: Session, alice: Member) -> None:
    hand = Hand(session, alice)
    hand.credit(20)
    hand.debit(15)
    hand.credit(10, "earn_order", order_id=1)

    assert entries_of(session, alice)[1:] == [("redeem", -15), ("earn_order", 10)]
    assert figures(session, alice)[0] == 15


def test_ledger_11_lifetime_earned_never_falls_by_spending_or_expiry(
    session: Session, alice: Member
) -> None:
    hand = Hand(session, alice)
    hand.credit(100, "earn_order", order_id=1, last_valid_on=SOON)
    hand.credit(50)
    hand.debit(30)
    hand.reverse(20, 1)

    hand.debit(10, at=NOON + 30 * DAY)

    assert figures(session, alice)[2:] == (130, 40)


def test_ledger_12_lifetime_burned_is_redemptions_less_what_came_back(
    session: Session, alice: Member
) -> None:
    hand = Hand(session, alice)
    hand.credit(100, last_valid_on=SOON)
    debit = hand.debit(50)
    hand.debit(20, "deduct")

    give_back(hand, debit, 15)

    assert figures(session, alice)[3] == 35


def test_ledger_13_spent_points_that_are_reversed_go_negative(
    session: Session, alice: Member
) -> None:
    hand = Hand(session, alice)
    hand.credit(100, "earn_order", order_id=1)
    hand.debit(80)

    hand.reverse(100, 1)

    assert figures(session, alice)[0] == -80


def test_ledger_14_a_clamp_stores_what_was_forgiven_with_the_award(
    session: Session, aurora: Shop, alice: Member
) -> None:
    set_rule(session, aurora, negative_balance="clamp")
    record_order(session, aurora, an_order(), now=NOON, is_backfill=False)
    Hand(session, alice).debit(8)
    cancelled_at = NOON + timedelta(hours=1)
    cancelled = an_order(cancelled_at=cancelled_at, updated_at=cancelled_at)

    for _ in range(2):
        record_order(session, aurora, cancelled, now=cancelled_at, is_backfill=False)

    award = session.scalars(select(Award)).one()
    assert (award.points, award.standing_points, award.forgiven_points) == (10, 0, 8)
    assert entries_of(session, alice)[-1] == ("earn_reversal", -2)
    assert figures(session, alice)[0] == 0


def test_ledger_15_a_lot_fills_a_deficit_when_it_becomes_available(
    session: Session, alice: Member
) -> None:
    hand = Hand(session, alice)
    hand.credit(100, "earn_order", order_id=1)
    hand.debit(100)
    hand.reverse(100, 1)
    hand.credit(70)
    hand.credit(50)

    reversal = session.scalars(select(LedgerEntry).where(LedgerEntry.kind == "earn_reversal")).one()

    assert taken_by(session, reversal) == [70, 30]
    assert figures(session, alice)[0] == 20


def test_ledger_16_a_reversal_takes_the_orders_lots_then_as_a_debit_does(
    session: Session, alice: Member
) -> None:
    hand = Hand(session, alice)
    hand.credit(50, last_valid_on=SOON)
    hand.credit(50, last_valid_on=LATE)
    hand.credit(40, "earn_order", order_id=1)
    hand.debit(45)  # of the first lot: it expires soonest

    hand.reverse(44, 1)

    assert lots_of(session, alice) == [(SOON, 1), (LATE, 50)]


def test_ledger_17_expired_points_are_revived_before_they_are_reversed(
    session: Session, alice: Member
) -> None:
    hand = Hand(session, alice)
    hand.credit(100, "earn_order", order_id=1, last_valid_on=SOON)
    hand.debit(25)

    hand.reverse(60, 1, at=NOON + 30 * DAY)

    assert entries_of(session, alice)[2:] == [
        ("expire", -75),
        ("expire", 60),
        ("earn_reversal", -60),
    ]
    assert figures(session, alice)[0] == 0


def test_ledger_18_redeemed_points_go_back_in_reverse_order_of_taking(
    session: Session, alice: Member
) -> None:
    hand = Hand(session, alice)
    hand.credit(100, last_valid_on=SOON)
    hand.credit(100, last_valid_on=LATE)
    debit = hand.debit(150)

    give_back(hand, debit, 60)

    assert lots_of(session, alice) == [(SOON, 10), (LATE, 100)]


def test_ledger_19_what_expired_since_comes_back_for_30_days(
    session: Session, alice: Member
) -> None:
    hand = Hand(session, alice)
    hand.credit(100, last_valid_on=SOON)
    debit = hand.debit(100)

    give_back(hand, debit, 70, days_later=10)

    # 2 December + 30 days
    assert lots_of(session, alice) == [(date(2027, 1, 1), 70)]


def test_ledger_20_redeemed_points_go_to_the_lots_present_owner(
    session: Session, aurora: Shop, alice: Member
) -> None:
    agnes = a_member(session, aurora, 502)
    hand = Hand(session, agnes)
    hand.credit(100)
    debit = hand.debit(80)
    books = hand.books(NOON, alice)
    merge_points(books, Moving(debit.id, agnes.id, alice.id, STAFF))
    books.write()
    lock_balance(session, aurora.shop_id, agnes.id).merged_into = alice.id

    give_back(hand, debit, 50)

    assert figures(session, alice)[0] == 70
    assert figures(session, agnes)[0] == 0


def test_ledger_21_the_same_key_with_another_amount_is_a_conflict(
    session: Session, alice: Member
) -> None:
    hand = Hand(session, alice)
    cause = Cause("grant", "pos:1", "test", "1", "system:test", NOON)
    for _ in range(2):
        books = hand.books(NOON)
        books.credit(alice.id, cause, points=100)
        books.write()

    with pytest.raises(IdempotencyConflict):
        hand.books(NOON).credit(alice.id, cause, points=101)

    assert figures(session, alice)[0] == 100


def test_ledger_22_points_on_hold_are_no_lifetime_until_their_release(
    session: Session, aurora: Shop, alice: Member
) -> None:
    set_rule(session, aurora, hold_days=14)
    facts = an_order(5123, a_line(gross_minor=4000))
    record_order(session, aurora, facts, now=NOON, is_backfill=False)

    assert figures(session, alice) == (0, 40, 0, 0)


def test_ledger_23_the_key_counts_what_order_and_rule_wrote_before(
    session: Session, aurora: Shop, alice: Member
) -> None:
    for hours, cancelled_at in enumerate([None, NOON, None]):
        at = NOON + timedelta(hours=hours)
        order = an_order(5123, cancelled_at=cancelled_at, updated_at=at)
        record_order(session, aurora, order, now=at, is_backfill=False)

    rows = session.execute(
        select(LedgerEntry.idempotency_key, LedgerEntry.points).order_by(LedgerEntry.id)
    )
    assert [(key.rpartition(":v")[2], points) for key, points in rows] == [
        ("1", 10),
        ("2", -10),
        ("3", 10),
    ]


def test_ledger_24_a_note_is_erased_and_the_entry_stays(session: Session, alice: Member) -> None:
    entry = Hand(session, alice).credit(100)
    key = {"shop_id": alice.shop_id, "entry_id": entry.id, "member_id": alice.id}
    session.add(EntryNote(**key, body="Broke her cup"))
    session.flush()

    session.execute(delete(EntryNote).where(EntryNote.entry_id == entry.id))

    assert session.scalars(select(EntryNote)).all() == []
    assert entries_of(session, alice) == [("grant", 100)]


def test_ledger_25_an_undone_earning_has_the_reversal_kind(session: Session, alice: Member) -> None:
    earned = Hand(session, alice).credit(50, "earn_action")

    undo(session, alice.shop_id, earned.id, actor=STAFF, now=NOON)

    assert entries_of(session, alice) == [("earn_action", 50), ("earn_reversal", -50)]
    assert figures(session, alice) == (0, 0, 0, 0)


def test_ledger_26_several_members_are_locked_in_id_order(
    session: Session, aurora: Shop, alice: Member
) -> None:
    """PostgreSQL locks the rows of such a statement in the order in which it sorts them."""
    other = a_member(session, aurora, 502)
    said: list[str] = []
    connection = session.connection()

    def note(*args: Any) -> None:
        said.append(" ".join(args[2].split()))

    event.listen(connection, "before_cursor_execute", note)
    for pair in ([alice.id, other.id], [other.id, alice.id]):
        Books.open(session, aurora.shop_id, pair, now=NOON)
    event.remove(connection, "before_cursor_execute", note)

    locks = [one for one in said if one.endswith("FOR UPDATE")]
    assert len(locks) == 2
    assert all("ORDER BY member_balance.member_id FOR UPDATE" in one for one in locks)


def test_ledger_27_imported_points_alone_are_no_lifetime(session: Session, alice: Member) -> None:
    hand = Hand(session, alice)
    hand.credit(50)
    hand.credit(100, "import")

    available, _, earned, _ = figures(session, alice)
    assert (available, earned) == (150, 50)
    assert find_differences(session, alice.shop_id) == []
