"""Pauses and holds ask when an order was paid, whichever of its versions comes first."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.ledger.posting import release_due
from loyalty.ledger.selfcheck import find_differences
from loyalty.ledger.tables import Lot
from loyalty.members.tables import Member
from loyalty.orders.facts import OrderFacts
from loyalty.programme.pausing import pause, resume
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_line, a_refund, an_order
from tests.loyalty.conftest import balance_of
from tests.loyalty.earning.cast import OPERATOR, comes, order_of, posted, settings, total

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
PLACED = NOON - 10 * DAY
PAID = NOON - 5 * DAY


def version(at: datetime, *, is_paid: bool = True, **more: object) -> OrderFacts:
    """The order of ten days ago, as Shopify changed it at some time."""
    return an_order(processed_at=PLACED, updated_at=at, is_paid=is_paid, **more)


def was_paused(session: Session, shop: Shop, start: datetime, end: datetime) -> None:
    """A pause gone by that nothing earns for."""
    pause(session, shop.shop_id, resume_mode="skip", actor=OPERATOR, now=start)
    resume(session, shop.shop_id, actor=OPERATOR, now=end)


def holds_end(session: Session) -> list[datetime]:
    return sorted(session.scalars(select(Lot.available_at).where(Lot.points_left > 0)))


UNPAID = version(PLACED, is_paid=False)
FIRST, THEN, LAST = version(PAID), version(PAID + 2 * DAY), version(PAID + 3 * DAY)
ARRIVALS = [
    (UNPAID, FIRST, THEN, LAST),
    (LAST, THEN, FIRST, UNPAID),
    (THEN, UNPAID, LAST, FIRST),
    (LAST, FIRST, UNPAID, THEN),
]


@pytest.mark.parametrize("arrivals", ARRIVALS)
def test_the_first_moment_is_kept_whichever_version_comes_first(
    session: Session, aurora: Shop, alice: Member, arrivals: Sequence[OrderFacts]
) -> None:
    settings(session, aurora, hold_days=14)

    comes(session, aurora, *arrivals)

    assert order_of(session, aurora).paid_at == PAID
    assert holds_end(session) == [PAID + 14 * DAY]
    assert (balance_of(session, alice).pending, total(session)) == (10, 10)


@pytest.mark.parametrize("arrivals", ARRIVALS)
@pytest.mark.parametrize(
    ("start", "end", "points"),
    [
        (PLACED - HOUR, PLACED + HOUR, 10),
        (PAID - HOUR, PAID + HOUR, 0),
        (PAID + DAY, PAID + 4 * DAY, 10),
    ],
    ids=["placed", "paid", "changed"],
)
def test_a_pause_asks_for_the_payment_whichever_version_comes_first(
    session: Session,
    aurora: Shop,
    alice: Member,
    start: datetime,
    end: datetime,
    points: int,
    arrivals: Sequence[OrderFacts],
) -> None:
    was_paused(session, aurora, start, end)

    comes(session, aurora, *arrivals)

    figures = balance_of(session, alice)
    assert (total(session), figures.available, figures.lifetime_earned) == (points,) * 3
    assert find_differences(session, aurora.shop_id) == []


def test_a_hold_that_turns_out_to_be_over_ends_at_once(
    session: Session, aurora: Shop, alice: Member
) -> None:
    settings(session, aurora, hold_days=4)
    comes(session, aurora, version(PAID + 2 * DAY))
    assert balance_of(session, alice).pending == 10

    comes(session, aurora, version(PAID))

    figures = balance_of(session, alice)
    assert (figures.available, figures.pending) == (10, 0)


def test_what_an_edit_added_is_held_from_the_edit_whatever_is_heard_of_the_payment(
    session: Session, aurora: Shop, alice: Member
) -> None:
    settings(session, aurora, hold_days=14)
    edited_at = PAID + 3 * DAY
    comes(session, aurora, version(PAID + 2 * DAY))
    comes(session, aurora, version(edited_at, lines=(a_line(1), a_line(2, gross_minor=500))))

    comes(session, aurora, version(PAID))

    assert holds_end(session) == [PAID + 14 * DAY, edited_at + 14 * DAY]


@pytest.mark.parametrize("hold_days", [0, 4, 20])
def test_a_hold_that_was_changed_since_is_brought_forward_as_it_was(
    session: Session, aurora: Shop, alice: Member, hold_days: int
) -> None:
    settings(session, aurora, hold_days=14)
    comes(session, aurora, version(PAID + 2 * DAY))

    settings(session, aurora, hold_days=hold_days)
    comes(session, aurora, version(PAID))

    assert holds_end(session) == [PAID + 14 * DAY]


def test_the_hold_on_an_edit_is_no_payments_whatever_the_hold_is_by_now(
    session: Session, aurora: Shop, alice: Member
) -> None:
    settings(session, aurora, hold_days=14)
    edited_at = PAID + 8 * DAY
    comes(session, aurora, version(PAID + 2 * DAY))
    comes(session, aurora, version(edited_at, lines=(a_line(1), a_line(2, gross_minor=500))))

    settings(session, aurora, hold_days=20)  # the edit's end is 20 days after the later payment
    comes(session, aurora, version(PAID))

    assert holds_end(session) == [PAID + 14 * DAY, edited_at + 14 * DAY]


def test_points_that_were_free_at_once_stay_free_when_a_hold_is_turned_on(
    session: Session, aurora: Shop, alice: Member
) -> None:
    cancelled_at = PAID + DAY
    comes(session, aurora, version(PAID))

    settings(session, aurora, hold_days=14)
    comes(session, aurora, version(cancelled_at, cancelled_at=cancelled_at))
    comes(session, aurora, version(PAID + 2 * DAY))

    assert (balance_of(session, alice).available, balance_of(session, alice).pending) == (10, 0)


def test_what_stands_again_is_held_from_the_payment_that_was_heard_of_meanwhile(
    session: Session, aurora: Shop, alice: Member
) -> None:
    settings(session, aurora, hold_days=14)
    cancelled_at = PAID + 3 * DAY
    comes(session, aurora, version(PAID + 2 * DAY))
    comes(session, aurora, version(cancelled_at, cancelled_at=cancelled_at))

    settings(session, aurora, hold_days=20)
    comes(session, aurora, version(PAID), version(PAID + 4 * DAY))

    assert holds_end(session) == [PAID + 14 * DAY]


def test_what_stands_again_is_held_as_it_was_before(
    session: Session, aurora: Shop, alice: Member
) -> None:
    settings(session, aurora, hold_days=14)
    edited_at = PAID + DAY
    two = (a_line(1), a_line(2, gross_minor=500))
    comes(session, aurora, version(PAID), version(edited_at, lines=two))

    cancelled_at = PAID + 2 * DAY
    comes(session, aurora, version(cancelled_at, lines=two, cancelled_at=cancelled_at))
    comes(session, aurora, version(PAID + 3 * DAY, lines=two))

    # One entry of the rule's gives all of it: it is held as the youngest of its pieces.
    assert holds_end(session) == [edited_at + 14 * DAY]
    assert balance_of(session, alice).pending == 15


def test_an_order_paid_in_a_skipped_pause_earns_nothing_after_a_refund_either(
    session: Session, aurora: Shop, alice: Member
) -> None:
    was_paused(session, aurora, PAID - HOUR, PAID + HOUR)
    comes(session, aurora, version(PAID + 2 * DAY), version(PAID))
    assert [points for _, points in posted(session)] == [10, -10]

    comes(session, aurora, a_refund(lines=()), version(PAID + 3 * DAY))

    assert total(session) == 0


def test_an_order_that_is_paid_no_more_keeps_when_it_was(
    session: Session, aurora: Shop, alice: Member
) -> None:
    comes(session, aurora, version(PAID), version(PAID + DAY, is_paid=False))

    order = order_of(session, aurora)
    assert (order.is_paid, order.paid_at) == (False, PAID)


def test_a_payment_that_was_heard_of_twice_writes_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    settings(session, aurora, hold_days=14)
    comes(session, aurora, version(PAID + DAY), version(PAID))
    before = posted(session), holds_end(session)

    comes(session, aurora, version(PAID), version(PAID + DAY))
    release_due(session, aurora.shop_id, now=PAID + 14 * DAY - timedelta(seconds=1))

    assert (posted(session), holds_end(session)) == before
    assert balance_of(session, alice).available == 0
