"""An undo is the same kind, the opposite sign and names what it reverses."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base.errors import CannotUndo, EntryNotFound, PointsSpent
from loyalty.base.ids import new_id
from loyalty.ledger import dying
from loyalty.ledger.tables import LedgerEntry
from loyalty.ledger.undoing import undo
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.ledger.cast import DAY, Hand, agree, entries_of, figures, lots_of

STAFF = Actor("staff", "42")


def test_an_undone_grant_leaves_nothing_earned(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    grant = hand.credit(100)

    undone = undo(session, aurora.shop_id, grant.id, actor=STAFF, now=NOON)

    assert (undone.kind, undone.points, undone.reverses_id) == ("grant", -100, grant.id)
    assert figures(session, alice) == (0, 0, 0, 0)
    assert agree(session, aurora.shop_id)


def test_an_undo_takes_the_grants_own_lot(session: Session, alice: Member, hand: Hand) -> None:
    hand.credit(50, last_valid_on=date(2026, 12, 1))
    grant = hand.credit(100)

    undo(session, alice.shop_id, grant.id, actor=STAFF, now=NOON)

    assert lots_of(session, alice) == [(date(2026, 12, 1), 50)]


def test_a_second_undo_is_the_first(session: Session, alice: Member, hand: Hand) -> None:
    grant = hand.credit(100)
    first = undo(session, alice.shop_id, grant.id, actor=STAFF, now=NOON)

    again = undo(session, alice.shop_id, grant.id, actor=STAFF, now=NOON)

    assert again.id == first.id
    assert entries_of(session, alice) == [("grant", 100), ("grant", -100)]


def test_a_grant_that_was_spent_is_undone_only_by_force(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    grant = hand.credit(100)
    hand.debit(30)

    with pytest.raises(PointsSpent) as refusal:
        undo(session, aurora.shop_id, grant.id, actor=STAFF, now=NOON)
    assert refusal.value.spent == 30
    assert figures(session, alice) == (70, 0, 100, 30)

    undo(session, aurora.shop_id, grant.id, actor=STAFF, now=NOON, is_forced=True)

    assert figures(session, alice) == (-30, 0, 0, 30)
    assert agree(session, aurora.shop_id)


def test_a_grant_that_expired_is_not_spent(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    grant = hand.credit(100, last_valid_on=date(2026, 11, 25))

    undo(session, aurora.shop_id, grant.id, actor=STAFF, now=NOON + 10 * DAY)

    assert entries_of(session, alice) == [
        ("grant", 100),
        ("expire", -100),
        ("expire", 100),
        ("grant", -100),
    ]
    assert figures(session, alice) == (0, 0, 0, 0)
    assert agree(session, aurora.shop_id)


def test_an_undone_deduction_fills_the_lots_it_took_from(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, last_valid_on=date(2026, 12, 1))
    deduction = hand.debit(60, "deduct")

    undone = undo(session, aurora.shop_id, deduction.id, actor=STAFF, now=NOON)

    assert (undone.kind, undone.points, undone.reverses_id) == ("deduct", 60, deduction.id)
    assert lots_of(session, alice) == [(date(2026, 12, 1), 100)]
    assert agree(session, aurora.shop_id)


def test_an_undone_expiry_gives_thirty_days_more(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, last_valid_on=date(2026, 11, 25))
    later = NOON + 10 * DAY
    books = hand.books(later)
    dying.expire_dead(books, alice.id)
    books.write()
    expired = session.query(LedgerEntry).filter_by(kind="expire").one()

    undo(session, aurora.shop_id, expired.id, actor=STAFF, now=later)

    assert lots_of(session, alice) == [(date(2027, 1, 1), 100)]
    assert agree(session, aurora.shop_id)


def test_an_undone_action_is_an_earn_reversal(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    bonus = hand.credit(25, "earn_action")

    undo(session, aurora.shop_id, bonus.id, actor=STAFF, now=NOON)

    assert entries_of(session, alice) == [("earn_action", 25), ("earn_reversal", -25)]
    assert figures(session, alice) == (0, 0, 0, 0)


@pytest.mark.parametrize("kind", ["earn_order"])
def test_what_belongs_to_something_else_is_not_undone_by_itself(
    session: Session, alice: Member, hand: Hand, kind: str
) -> None:
    entry = hand.credit(100, kind, order_id=1)

    with pytest.raises(CannotUndo):
        undo(session, alice.shop_id, entry.id, actor=STAFF, now=NOON)


def test_an_entry_of_another_shop_is_not_found(session: Session, alice: Member, hand: Hand) -> None:
    grant = hand.credit(100)
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/New_York")

    for entry_id in (grant.id, new_id()):
        with pytest.raises(EntryNotFound):
            undo(session, borealis.shop_id, entry_id, actor=STAFF, now=NOON)
