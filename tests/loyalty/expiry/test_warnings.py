"""Members are warned 30 and 7 days before, once each, of what is left on that day."""

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.expiry.warnings import warn_next
from loyalty.members.tables import Member, TimelineEvent
from loyalty.outbox import EXPIRY_EMAIL_ASKED, OutboxEvent
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.ledger.cast import DAY, Hand, a_member, set_rule

LAST_DAY = date(2027, 3, 1)


def day(year: int, month: int, number: int) -> datetime:
    return NOON.replace(year=year, month=month, day=number)


def warn(session: Session, shop: Shop, at: datetime) -> list[int]:
    return [len(warn_next(session, shop, days=days, now=at)) for days in (30, 7)]


def bodies(session: Session) -> list[dict[str, Any]]:
    events = session.scalars(
        select(OutboxEvent).where(OutboxEvent.kind == EXPIRY_EMAIL_ASKED).order_by(OutboxEvent.id)
    )
    return [event.body for event in events]


def test_warnings_come_thirty_and_seven_days_before(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, last_valid_on=LAST_DAY)

    assert warn(session, aurora, day(2027, 1, 29)) == [0, 0]
    assert warn(session, aurora, day(2027, 1, 30)) == [1, 0]
    assert warn(session, aurora, day(2027, 2, 21)) == [0, 0]
    assert warn(session, aurora, day(2027, 2, 22)) == [0, 1]

    assert bodies(session) == [
        {"points": 100, "last_valid_on": "2027-03-01", "days": 30},
        {"points": 100, "last_valid_on": "2027-03-01", "days": 7},
    ]
    told = session.scalars(select(TimelineEvent).where(TimelineEvent.kind == "points_expiring"))
    assert len(told.all()) == 2


def test_run_again_it_warns_nobody(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, last_valid_on=LAST_DAY)
    warn(session, aurora, day(2027, 1, 30))

    assert warn(session, aurora, day(2027, 1, 30)) == [0, 0]
    assert warn(session, aurora, day(2027, 1, 31)) == [0, 0]


def test_a_day_that_was_missed_is_made_up_for(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, last_valid_on=LAST_DAY)

    assert warn(session, aurora, day(2027, 2, 3)) == [1, 0]


def test_what_is_left_on_one_day_is_one_warning(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, last_valid_on=LAST_DAY)
    hand.credit(50, last_valid_on=LAST_DAY)
    hand.debit(30)

    warn(session, aurora, day(2027, 1, 30))

    assert [body["points"] for body in bodies(session)] == [120]


def test_points_that_come_later_than_a_warning_are_not_warned_of_by_it(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    set_rule(session, aurora, expiry_mode="days", expiry_days=14, expiry_since=date(2026, 1, 1))
    hand.credit(100)

    assert warn(session, aurora, NOON) == [0, 0]
    assert warn(session, aurora, NOON + 7 * DAY) == [0, 1]


def test_inactivity_is_warned_of_and_activity_moves_the_day(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    set_rule(
        session, aurora, expiry_mode="inactivity", expiry_days=90, expiry_since=date(2026, 1, 1)
    )
    hand.credit(100)
    assert warn(session, aurora, NOON + 60 * DAY) == [1, 0]
    hand.credit(1, at=NOON + 61 * DAY)

    assert warn(session, aurora, NOON + 83 * DAY) == [0, 0]
    assert warn(session, aurora, NOON + 121 * DAY) == [1, 0]


@pytest.mark.parametrize("state", ["archived", "erased"])
def test_only_active_members_are_warned(
    session: Session, alice: Member, hand: Hand, aurora: Shop, state: str
) -> None:
    hand.credit(100, last_valid_on=LAST_DAY)
    alice.state = state
    session.flush()

    assert warn(session, aurora, day(2027, 1, 30)) == [0, 0]


def test_a_batch_goes_on_behind_the_last_one(session: Session, aurora: Shop) -> None:
    for number in range(5):
        member = a_member(session, aurora, 600 + number)
        Hand(session, member).credit(10 + number, last_valid_on=LAST_DAY)

    sizes, after = [], None
    at = day(2027, 1, 30)
    while found := warn_next(session, aurora, days=30, now=at, after=after, limit=2):
        sizes.append(len(found))
        after = found[-1]

    assert sizes == [2, 2, 1]
    assert sorted(body["points"] for body in bodies(session)) == [10, 11, 12, 13, 14]
