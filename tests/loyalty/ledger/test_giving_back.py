"""Redeemed points go back to the lots they came from, the last one taken first."""

from datetime import date, datetime

import pytest
from sqlalchemy.orm import Session

from loyalty.base.errors import TooMuchGivenBack
from loyalty.ledger.giving_back import return_points
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.ledger.cast import DAY, Hand, a_cause, agree, figures, lots_of

SOON, LATE = date(2026, 12, 1), date(2027, 3, 1)


def give_back(hand: Hand, debit: LedgerEntry, points: int, key: str, at: datetime = NOON) -> None:
    cause = a_cause("redeem_reversal", key, at)
    shop_id = hand.member.shop_id
    return_points(hand.session, shop_id, debit.id, cause, points=points, now=at)


def test_the_lot_taken_last_is_filled_first(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, last_valid_on=SOON)
    hand.credit(100, last_valid_on=LATE)
    debit = hand.debit(150)

    give_back(hand, debit, 60, "back")

    assert lots_of(session, alice) == [(SOON, 10), (LATE, 100)]
    assert figures(session, alice) == (110, 0, 200, 90)
    assert agree(session, aurora.shop_id)


def test_what_expired_meanwhile_comes_back_for_thirty_days(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, last_valid_on=SOON)
    debit = hand.debit(100)

    give_back(hand, debit, 70, "back", at=NOON + 10 * DAY)

    assert lots_of(session, alice) == [(date(2027, 1, 1), 70)]
    assert figures(session, alice) == (70, 0, 100, 30)
    assert agree(session, aurora.shop_id)


def test_a_debit_gives_back_in_parts_and_never_more_than_it_took(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, last_valid_on=SOON)
    hand.credit(100, last_valid_on=LATE)
    debit = hand.debit(150)
    late = NOON + 20 * DAY
    give_back(hand, debit, 40, "first")
    give_back(hand, debit, 100, "second", at=late)

    with pytest.raises(TooMuchGivenBack) as refusal:
        give_back(hand, debit, 11, "third", at=late)

    assert refusal.value.left == 10
    # 50 fill the later lot again; 90 of the first 100 have expired and last 30 days more.
    assert lots_of(session, alice) == [(LATE, 100), (date(2027, 1, 11), 90)]
    assert agree(session, aurora.shop_id)


def test_the_same_key_again_gives_nothing_back(session: Session, alice: Member, hand: Hand) -> None:
    hand.credit(100)
    debit = hand.debit(100)
    give_back(hand, debit, 40, "back")

    give_back(hand, debit, 40, "back")

    assert figures(session, alice) == (40, 0, 100, 60)


def test_points_that_come_back_fill_what_is_lacking(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, "earn_order", order_id=1)
    debit = hand.debit(100)
    hand.reverse(100, 1)
    assert figures(session, alice)[0] == -100

    give_back(hand, debit, 100, "back")

    assert figures(session, alice) == (0, 0, 0, 0)
    assert lots_of(session, alice) == []
    assert agree(session, aurora.shop_id)
