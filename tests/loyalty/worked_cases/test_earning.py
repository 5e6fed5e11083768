"""Worked cases of earning: when an order earns, on hold and in pauses, and for whom.

Each case stands in docs/rules.md with its arithmetic. Unless it says otherwise one point is earned
for 1.00, rounded down, in Madrid.
"""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from loyalty.base.errors import CannotClaim
from loyalty.earning.waiting import settle_waiting
from loyalty.ledger.posting import release_due
from loyalty.members.enrolment import join
from loyalty.members.tables import Member
from loyalty.orders.claiming import claim_order
from loyalty.orders.recording import record_all
from loyalty.orders.tables import Order
from loyalty.programme.pausing import pause, resume
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer, an_order
from tests.loyalty.conftest import balance_of
from tests.loyalty.earning.cast import (
    OPERATOR,
    comes,
    posted,
    product,
    rule,
    settings,
    total,
)
from tests.loyalty.worked_cases.earning_cast import DAY, LATER, of


def lapse(session: Session, shop: Shop, at: datetime) -> None:
    release_due(session, shop.shop_id, now=at)


def test_earning_1_an_order_earns_when_it_is_paid(
    session: Session, aurora: Shop, alice: Member
) -> None:
    comes(session, aurora, an_order(is_paid=False))
    assert total(session) == 0

    comes(session, aurora, an_order(is_paid=True))

    assert total(session) == 10


def test_earning_2_a_hold_keeps_points_pending(
    session: Session, aurora: Shop, alice: Member
) -> None:
    settings(session, aurora, hold_days=14)
    comes(session, aurora, an_order())

    lapse(session, aurora, NOON + 14 * DAY - timedelta(seconds=1))
    before = balance_of(session, alice)
    assert (before.available, before.pending, before.lifetime_earned) == (0, 10, 0)
    lapse(session, aurora, NOON + 14 * DAY)

    after = balance_of(session, alice)
    assert (after.available, after.pending, after.lifetime_earned) == (10, 0, 10)


def test_earning_3_a_reversal_takes_the_pending_points_of_its_own_order(
    session: Session, aurora: Shop, alice: Member
) -> None:
    comes(session, aurora, an_order(1, of(5000)))
    settings(session, aurora, hold_days=14)
    comes(session, aurora, an_order(2, of(3000)), an_order(3, of(2000)))

    comes(session, aurora, an_order(2, of(3000), cancelled_at=LATER, updated_at=LATER))

    figures = balance_of(session, alice)
    assert (figures.available, figures.pending) == (50, 20)


def test_earning_9_test_orders_never_count(session: Session, aurora: Shop, alice: Member) -> None:
    comes(session, aurora, an_order(is_test=True))

    assert total(session) == 0


@pytest.mark.parametrize(("is_guest", "days"), [(False, 30), (True, 90)])
def test_earning_36_an_order_stays_claimable_30_days_and_a_guests_90(
    session: Session, aurora: Shop, alice: Member, is_guest: bool, days: int
) -> None:
    settings(session, aurora, enrolment="joiners")
    guest = a_customer(777, email="g@example.com") if is_guest else None
    comes(session, aurora, an_order(customer=guest, customer_id=777 if is_guest else None))

    def claim(now: datetime) -> int:
        return claim_order(
            session, aurora, 5123, alice.id, proof="scan", actor=OPERATOR, now=now
        ).points

    with pytest.raises(CannotClaim):
        claim(NOON + days * DAY + timedelta(seconds=1))
    assert claim(NOON + days * DAY) == 10


def test_earning_37_who_proves_an_order_gets_it_once(
    session: Session, aurora: Shop, alice: Member
) -> None:
    comes(session, aurora, an_order(customer_id=None))

    for _ in range(2):
        claim_order(session, aurora, 5123, alice.id, proof="scan", actor=OPERATOR, now=NOON)

    assert [points for _, points in posted(session)] == [10]


def test_earning_38_the_customer_on_the_paid_order_earns_whoever_was_scanned(
    session: Session, aurora: Shop, alice: Member
) -> None:
    other = a_customer(502, email="ann@example.com")
    comes(session, aurora, an_order(customer=other, customer_id=502, source_name="pos"))

    with pytest.raises(CannotClaim):
        claim_order(session, aurora, 5123, alice.id, proof="scan", actor=OPERATOR, now=NOON)

    assert (balance_of(session, alice).available, total(session)) == (0, 10)


def test_earning_39_a_guest_who_joins_brings_the_orders_of_90_days(
    session: Session, aurora: Shop
) -> None:
    settings(session, aurora, enrolment="joiners")
    aurora.earning_since = NOON - 365 * DAY
    guest = a_customer(777, email="g@example.com")
    for order_id, days in ((1, 91), (2, 90)):
        at = NOON - days * DAY
        told = {"created_at": at, "processed_at": at, "updated_at": at}
        comes(session, aurora, an_order(order_id, customer=guest, customer_id=777, **told))

    join(session, aurora, guest, enrolled_by="till", emails_card=False, now=NOON)

    assert [points for _, points in posted(session)] == [10]


def test_earning_40_an_order_waits_for_a_product_that_the_mirror_does_not_know(
    session: Session, aurora: Shop, alice: Member
) -> None:
    rule(session, aurora, points_per_unit="2", conditions={"tags": ["sale"]})
    comes(session, aurora, an_order())
    assert total(session) == 0

    product(session, aurora, 9001, tags=["sale"])
    settle_waiting(session, aurora, now=NOON, limit=9)

    assert total(session) == 30


@pytest.mark.parametrize(("mode", "points"), [("catch_up", 10), ("skip", 0)])
def test_earning_41_a_pause_gives_nothing_and_catches_up_or_not(
    session: Session, aurora: Shop, alice: Member, mode: str, points: int
) -> None:
    pause(session, aurora.shop_id, resume_mode=mode, actor=OPERATOR, now=NOON - DAY)
    comes(session, aurora, an_order())
    assert total(session) == 0

    resume(session, aurora.shop_id, actor=OPERATOR, now=NOON + DAY)
    settle_waiting(session, aurora, now=NOON + DAY, limit=9)

    assert total(session) == points


@pytest.mark.parametrize(
    ("placed_on", "paid", "points"), [(-3, -2, 10), (-3, 0, 0), (-3, 2, 10), (0, 2, 10)]
)
def test_earning_42_a_pause_asks_when_an_order_was_paid(
    session: Session, aurora: Shop, alice: Member, placed_on: int, paid: int, points: int
) -> None:
    pause(session, aurora.shop_id, resume_mode="skip", actor=OPERATOR, now=NOON - DAY)
    resume(session, aurora.shop_id, actor=OPERATOR, now=NOON + DAY)
    placed = NOON + placed_on * DAY

    comes(session, aurora, an_order(processed_at=placed, updated_at=placed, is_paid=False))
    comes(session, aurora, an_order(processed_at=placed, updated_at=NOON + paid * DAY))

    assert total(session) == points


def held(session: Session, alice: Member) -> tuple[int, int]:
    figures = balance_of(session, alice)
    return figures.available, figures.pending


def test_earning_43_a_hold_runs_from_the_payment(
    session: Session, aurora: Shop, alice: Member
) -> None:
    settings(session, aurora, hold_days=14)
    comes(session, aurora, an_order(is_paid=False), an_order(updated_at=NOON + 5 * DAY))

    lapse(session, aurora, NOON + 19 * DAY - timedelta(seconds=1))
    before = held(session, alice)
    lapse(session, aurora, NOON + 19 * DAY)

    assert (before, held(session, alice)) == ((0, 10), (10, 0))


def test_earning_44_the_hold_on_pieces_added_later_runs_from_the_edit(
    session: Session, aurora: Shop, alice: Member
) -> None:
    settings(session, aurora, hold_days=14)
    edited = an_order(5123, of(1000), of(550, 2), updated_at=NOON + 6 * DAY)
    comes(session, aurora, an_order(), edited)

    lapse(session, aurora, NOON + 14 * DAY)
    first = held(session, alice)
    lapse(session, aurora, NOON + 20 * DAY - timedelta(seconds=1))
    before = held(session, alice)
    lapse(session, aurora, NOON + 20 * DAY)

    assert (first, before, held(session, alice)) == ((10, 5), (10, 5), (15, 0))


def test_earning_45_a_new_hold_changes_nothing_that_is_on_hold(
    session: Session, aurora: Shop, alice: Member
) -> None:
    paid = an_order(updated_at=NOON + 5 * DAY)
    settings(session, aurora, hold_days=14)
    comes(session, aurora, an_order(is_paid=False), paid)

    settings(session, aurora, hold_days=30)
    comes(session, aurora, an_order(updated_at=NOON + 2 * DAY))
    lapse(session, aurora, NOON + 16 * DAY - timedelta(seconds=1))
    before = held(session, alice)
    lapse(session, aurora, NOON + 16 * DAY)

    assert (before, held(session, alice)) == ((0, 10), (10, 0))


def test_earning_46_an_order_before_its_owners_account_is_theirs_by_the_verified_email(
    session: Session, aurora: Shop
) -> None:
    comes(session, aurora, an_order(customer_id=None, email="carol@example.com"))
    before = total(session)

    carol = a_customer(502, email="Carol@Example.com")
    record_all(session, aurora, [carol], now=NOON, is_backfill=False)

    assert (before, total(session)) == (0, 10)


def test_earning_47_a_claimed_order_stays_with_who_claimed_it(
    session: Session, aurora: Shop, alice: Member
) -> None:
    carol = a_customer(502, email="carol@example.com")
    record_all(session, aurora, [carol], now=NOON, is_backfill=False)
    comes(session, aurora, an_order(customer_id=None))
    claim_order(session, aurora, 5123, alice.id, proof="scan", actor=OPERATOR, now=NOON)

    comes(session, aurora, an_order(customer_id=502, updated_at=NOON + DAY))

    order = session.get_one(Order, (aurora.shop_id, 5123), populate_existing=True)
    assert (order.customer_id, order.member_id) == (502, alice.id)
    assert (balance_of(session, alice).available, total(session)) == (10, 10)
