"""Lifetime figures at a merge's undo: whatever took theirs back meanwhile goes home with them."""

from datetime import timedelta

from sqlalchemy.orm import Session

from loyalty.ledger.giving_back import return_points
from loyalty.ledger.posting import Cause, debit, lock_balance
from loyalty.ledger.tables import LedgerEntry
from loyalty.ledger.undoing import undo as undo_entry
from loyalty.members.tables import Member
from loyalty.merging.undoing import undo
from loyalty.orders.recording import record_order
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_line, an_order
from tests.loyalty.merging.cast import (
    SECOND,
    STAFF,
    assert_books_agree,
    buy,
    figures,
    give,
    make_one,
    second_account,
)

MEANWHILE = NOON + timedelta(days=2)
AFTER = NOON + timedelta(days=3)


def _redeem(session: Session, member: Member, points: int) -> LedgerEntry:
    balance = lock_balance(session, member.shop_id, member.id)
    return debit(session, balance, _cause("redeem"), points=points, now=NOON)


def _cause(kind: str) -> Cause:
    return Cause(
        kind=kind,
        idempotency_key=f"{kind}:1",
        source_kind="redemption",
        source_id="1",
        actor=str(STAFF),
        occurred_at=NOON,
    )


def test_a_grant_undone_while_merged_is_theirs_who_had_been_granted_it(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    granted = give(session, other, 40)
    merge = make_one(session, aurora, alice, other)
    undo_entry(session, aurora.shop_id, granted.id, actor=STAFF, now=MEANWHILE)

    undo(session, aurora, merge.id, actor=STAFF, now=AFTER)

    assert figures(session, alice) == (0, 0, 0, 0)
    assert figures(session, other) == (0, 0, 0, 0)
    assert_books_agree(session, aurora)


def test_what_a_forced_undo_lacks_goes_home_with_the_grant(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    granted = give(session, other, 40)
    give(session, other, -30)
    merge = make_one(session, aurora, alice, other)
    undo_entry(session, aurora.shop_id, granted.id, actor=STAFF, now=MEANWHILE, is_forced=True)
    assert figures(session, alice) == (-30, 0, 0, 0)

    undo(session, aurora, merge.id, actor=STAFF, now=AFTER)

    assert figures(session, alice) == (0, 0, 0, 0)
    assert figures(session, other) == (-30, 0, 0, 0)
    assert_books_agree(session, aurora)


def test_what_an_order_lost_two_merges_away_comes_all_the_way_home(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    third = second_account(session, aurora, customer_id=503, email="a.archer@example.com")
    buy(session, aurora, 1, 4000, customer_id=SECOND)
    near = make_one(session, aurora, third, other)
    far = make_one(session, aurora, alice, third, days=1)
    cancelled = an_order(
        1, a_line(10, gross_minor=4000), customer_id=SECOND, cancelled_at=MEANWHILE,
        updated_at=MEANWHILE,
    )  # fmt: skip
    record_order(session, aurora, cancelled, now=MEANWHILE, is_backfill=False)

    undo(session, aurora, far.id, actor=STAFF, now=AFTER)
    undo(session, aurora, near.id, actor=STAFF, now=AFTER)

    assert [figures(session, each) for each in (alice, third, other)] == [(0, 0, 0, 0)] * 3
    assert_books_agree(session, aurora)


def test_a_redemption_that_came_back_two_merges_away_is_unburned_at_home(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    third = second_account(session, aurora, customer_id=503, email="a.archer@example.com")
    give(session, other, 40)
    redeemed = _redeem(session, other, 25)
    near = make_one(session, aurora, third, other)
    far = make_one(session, aurora, alice, third, days=1)
    return_points(
        session,
        aurora.shop_id,
        redeemed.id,
        _cause("redeem_reversal"),
        points=25,
        now=MEANWHILE,
    )

    undo(session, aurora, far.id, actor=STAFF, now=AFTER)
    undo(session, aurora, near.id, actor=STAFF, now=AFTER)

    assert figures(session, other) == (40, 0, 40, 0)
    assert [figures(session, each) for each in (alice, third)] == [(0, 0, 0, 0)] * 2
    assert_books_agree(session, aurora)
