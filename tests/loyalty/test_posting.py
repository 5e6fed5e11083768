"""Credits and debits keep the four figures, the lots and the entries in step."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from loyalty.base.errors import IdempotencyConflict, InsufficientPoints
from loyalty.ledger.posting import Cause, credit, debit, lock_balance, release_due
from loyalty.ledger.selfcheck import find_differences
from loyalty.ledger.tables import Deficit, LedgerEntry, Lot
from loyalty.members.tables import Member
from tests.factories.facts import NOON
from tests.loyalty.conftest import balance_of


def cause(kind: str, key: str, order_id: int | None = None) -> Cause:
    return Cause(
        kind=kind,
        idempotency_key=key,
        source_kind="test",
        source_id=key,
        actor="system:test",
        occurred_at=NOON,
        order_id=order_id,
    )


def test_a_credit_is_available_and_counts_as_earned(session: Session, alice: Member) -> None:
    balance = lock_balance(session, alice.shop_id, alice.id)

    credit(session, balance, cause("grant", "a"), points=100, now=NOON)

    figures = balance_of(session, alice)
    assert (figures.available, figures.pending, figures.lifetime_earned) == (100, 0, 100)


def test_the_same_key_again_returns_the_first_entry(session: Session, alice: Member) -> None:
    balance = lock_balance(session, alice.shop_id, alice.id)
    first = credit(session, balance, cause("grant", "a"), points=100, now=NOON)

    again = credit(session, balance, cause("grant", "a"), points=100, now=NOON)

    assert again.id == first.id
    assert balance_of(session, alice).available == 100


def test_the_same_key_with_other_facts_is_a_conflict(session: Session, alice: Member) -> None:
    balance = lock_balance(session, alice.shop_id, alice.id)
    credit(session, balance, cause("grant", "a"), points=100, now=NOON)

    with pytest.raises(IdempotencyConflict):
        credit(session, balance, cause("grant", "a"), points=101, now=NOON)


def test_a_debit_beyond_the_available_is_refused_whole(session: Session, alice: Member) -> None:
    balance = lock_balance(session, alice.shop_id, alice.id)
    credit(session, balance, cause("grant", "a"), points=100, now=NOON)

    with pytest.raises(InsufficientPoints):
        debit(session, balance, cause("deduct", "b"), points=101, now=NOON)

    assert balance_of(session, alice).available == 100
    assert session.scalar(select(func.count()).select_from(LedgerEntry)) == 1


def test_a_debit_takes_the_soonest_expiring_lot_first(session: Session, alice: Member) -> None:
    balance = lock_balance(session, alice.shop_id, alice.id)
    credit(session, balance, cause("grant", "never"), points=50, now=NOON)
    soon = (NOON + timedelta(days=30)).date()
    credit(session, balance, cause("grant", "soon"), points=50, now=NOON, last_valid_on=soon)

    debit(session, balance, cause("deduct", "c"), points=60, now=NOON)

    left = session.execute(select(Lot.last_valid_on, Lot.points_left)).all()
    assert sorted(points for _, points in left) == [0, 40]
    assert dict(left) == {soon: 0, None: 40}


def test_points_on_hold_are_pending_until_their_time(session: Session, alice: Member) -> None:
    balance = lock_balance(session, alice.shop_id, alice.id)
    later = NOON + timedelta(days=14)
    credit(session, balance, cause("earn_order", "a"), points=80, now=NOON, available_at=later)
    held = balance_of(session, alice)
    assert (held.available, held.pending, held.lifetime_earned) == (0, 80, 0)

    release_due(session, alice.shop_id, now=later)

    free = balance_of(session, alice)
    assert (free.available, free.pending, free.lifetime_earned) == (80, 0, 80)


def test_a_reversal_takes_the_pending_lot_of_its_own_order(session: Session, alice: Member) -> None:
    balance = lock_balance(session, alice.shop_id, alice.id)
    later = NOON + timedelta(days=14)
    credit(session, balance, cause("grant", "free"), points=50, now=NOON)
    held = cause("earn_order", "o1", order_id=1)
    credit(session, balance, held, points=80, now=NOON, available_at=later)

    debit(session, balance, cause("earn_reversal", "r1", order_id=1), points=30, now=NOON)

    figures = balance_of(session, alice)
    assert (figures.available, figures.pending, figures.lifetime_earned) == (50, 50, 50)


def test_a_reversal_of_spent_points_goes_negative_and_later_points_fill_it(
    session: Session, alice: Member
) -> None:
    balance = lock_balance(session, alice.shop_id, alice.id)
    credit(session, balance, cause("earn_order", "o1", order_id=1), points=100, now=NOON)
    debit(session, balance, cause("redeem", "r"), points=90, now=NOON)
    taken_back = cause("earn_reversal", "back", order_id=1)
    debit(session, balance, taken_back, points=100, now=NOON, may_go_negative=True)
    assert balance_of(session, alice).available == -90

    credit(session, balance, cause("grant", "g"), points=120, now=NOON)

    assert balance_of(session, alice).available == 30
    assert session.scalars(select(Deficit.points_left)).all() == [0]
    assert find_differences(session, alice.shop_id) == []


def test_lifetime_burned_counts_redemptions_and_not_deductions(
    session: Session, alice: Member
) -> None:
    balance = lock_balance(session, alice.shop_id, alice.id)
    credit(session, balance, cause("grant", "a"), points=100, now=NOON)

    debit(session, balance, cause("redeem", "r"), points=30, now=NOON)
    debit(session, balance, cause("deduct", "d"), points=20, now=NOON)

    figures = balance_of(session, alice)
    assert (figures.lifetime_earned, figures.lifetime_burned) == (100, 30)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET points = 1",
        "DELETE FROM ledger_entry",
        "TRUNCATE ledger_entry CASCADE",
    ],
)
def test_the_ledger_refuses_change_to_the_app(
    session: Session, alice: Member, statement: str
) -> None:
    balance = lock_balance(session, alice.shop_id, alice.id)
    credit(session, balance, cause("grant", "a"), points=100, now=NOON)

    with pytest.raises(DBAPIError, match=r"permission denied|append-only"), session.begin_nested():
        session.execute(text(statement))


def test_the_self_check_finds_a_wrong_balance(session: Session, alice: Member) -> None:
    balance = lock_balance(session, alice.shop_id, alice.id)
    credit(session, balance, cause("grant", "a"), points=100, now=NOON)
    assert find_differences(session, alice.shop_id) == []

    balance.available = 99
    session.flush()

    [difference] = find_differences(session, alice.shop_id)
    assert (difference.figure, difference.cached, difference.rebuilt) == ("available", 99, 100)


def test_the_self_check_finds_points_that_left_a_lot_unseen(
    session: Session, alice: Member
) -> None:
    balance = lock_balance(session, alice.shop_id, alice.id)
    credit(session, balance, cause("grant", "a"), points=100, now=NOON)

    session.execute(text("UPDATE lot SET points_left = 60"))

    assert {d.figure for d in find_differences(session, alice.shop_id)} == {"lots", "lot_debits"}
