"""The worked cases of the section Expiry; each stands in docs/rules.md with its arithmetic."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import SYSTEM
from loyalty.expiry import dating, running
from loyalty.expiry.calendar import expiry_calendar
from loyalty.expiry.settings import set_expiry
from loyalty.expiry.warnings import warn_next
from loyalty.ledger.archiving import archive_points, restore_points
from loyalty.ledger.posting import release_due
from loyalty.members.tables import Member
from loyalty.outbox import EXPIRY_EMAIL_ASKED, OutboxEvent
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.ledger.cast import DAY, Hand, entries_of, figures, lots_of, set_rule

NEW_YEAR = date(2026, 1, 1)


def inactive_after(session: Session, shop: Shop, days: int) -> None:
    set_rule(session, shop, expiry_mode="inactivity", expiry_days=days, expiry_since=NEW_YEAR)


def at_night(session: Session, shop: Shop, at: datetime) -> None:
    """The nightly run, at that moment."""
    running.expire_dated(session, shop, now=at)
    running.expire_idle(session, shop, after=None, now=at)


def test_expiry_1_points_never_expire_by_default(
    session: Session, aurora: Shop, alice: Member
) -> None:
    Hand(session, alice).credit(100)

    at_night(session, aurora, NOON + 3650 * DAY)

    assert figures(session, alice)[0] == 100


def test_expiry_2_a_number_of_days_per_lot(session: Session, aurora: Shop, alice: Member) -> None:
    set_rule(session, aurora, expiry_mode="days", expiry_days=365, expiry_since=NEW_YEAR)
    Hand(session, alice).credit(100)

    assert lots_of(session, alice) == [(date(2027, 11, 22), 100)]


def test_expiry_3_a_number_of_months_to_that_months_end(
    session: Session, aurora: Shop, alice: Member
) -> None:
    set_rule(session, aurora, expiry_mode="months", expiry_months=3, expiry_since=NEW_YEAR)
    Hand(session, alice).credit(100)

    assert lots_of(session, alice) == [(date(2027, 2, 28), 100)]


def test_expiry_4_inactivity_ends_everything_at_once(
    session: Session, aurora: Shop, alice: Member
) -> None:
    inactive_after(session, aurora, 90)
    hand = Hand(session, alice)
    hand.credit(60, "earn_order", order_id=1)
    hand.credit(40, "earn_order", order_id=2, at=NOON + 30 * DAY)
    over = datetime(2027, 3, 22, 23, 0, tzinfo=UTC)  # 22 December + 90 days, and midnight

    at_night(session, aurora, over - timedelta(seconds=1))
    assert figures(session, alice)[0] == 100
    at_night(session, aurora, over)
    assert figures(session, alice)[0] == 0


def test_expiry_5_earning_redeeming_and_a_manual_grant_are_activity(
    session: Session, aurora: Shop, alice: Member
) -> None:
    inactive_after(session, aurora, 10)
    hand = Hand(session, alice)
    hand.credit(100, "earn_order", order_id=1)
    hand.credit(5, "grant", at=NOON + 9 * DAY)
    hand.debit(10, "redeem", at=NOON + 18 * DAY)

    at_night(session, aurora, NOON + 28 * DAY)
    assert figures(session, alice)[0] == 95
    at_night(session, aurora, NOON + 29 * DAY)
    assert figures(session, alice)[0] == 0


def test_expiry_6_a_deduction_and_an_import_are_none(
    session: Session, aurora: Shop, alice: Member
) -> None:
    inactive_after(session, aurora, 10)
    hand = Hand(session, alice)
    hand.credit(100)
    hand.debit(10, "deduct", at=NOON + 9 * DAY)
    hand.credit(5, "import", at=NOON + 10 * DAY)

    at_night(session, aurora, NOON + 11 * DAY)

    # What was imported is released on day 10 and has ten days of its own.
    assert figures(session, alice)[0] == 5


def test_expiry_7_a_debit_takes_the_soonest_then_the_oldest_and_never_expiring_last(
    session: Session, alice: Member
) -> None:
    hand = Hand(session, alice)
    soon, late = date(2026, 12, 1), date(2027, 3, 1)
    hand.credit(10)
    hand.credit(10, last_valid_on=late)
    hand.credit(10, last_valid_on=soon, at=NOON - DAY)
    hand.credit(10, last_valid_on=soon, at=NOON - 2 * DAY)

    hand.debit(15)

    assert lots_of(session, alice) == [(soon, 5), (None, 10), (late, 10)]


def test_expiry_8_a_lot_expires_at_the_local_midnight_after_its_last_day(
    session: Session, aurora: Shop, alice: Member
) -> None:
    Hand(session, alice).credit(100, last_valid_on=date(2026, 11, 25))
    midnight_in_madrid = datetime(2026, 11, 25, 23, 0, tzinfo=UTC)

    at_night(session, aurora, midnight_in_madrid - timedelta(seconds=1))
    assert figures(session, alice)[0] == 100
    at_night(session, aurora, midnight_in_madrid)
    assert figures(session, alice)[0] == 0


def test_expiry_9_run_twice_it_is_one_entry(session: Session, aurora: Shop, alice: Member) -> None:
    Hand(session, alice).credit(100, last_valid_on=date(2026, 11, 25))

    for _ in range(2):
        at_night(session, aurora, NOON + 30 * DAY)

    assert entries_of(session, alice) == [("grant", 100), ("expire", -100)]


def test_expiry_10_warnings_come_30_and_7_days_before(
    session: Session, aurora: Shop, alice: Member
) -> None:
    Hand(session, alice).credit(100, last_valid_on=date(2027, 3, 1))

    for days_later in range(99):
        for days in (30, 7):
            warn_next(session, aurora, days=days, now=NOON + days_later * DAY)

    events = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == EXPIRY_EMAIL_ASKED))
    told = {(event.created_at.date(), event.body["days"]) for event in events}
    assert told == {(date(2027, 1, 30), 30), (date(2027, 2, 22), 7)}


def test_expiry_11_turning_it_on_gives_old_lots_the_full_period_and_tells_the_member(
    session: Session, aurora: Shop, alice: Member
) -> None:
    Hand(session, alice).credit(100, at=NOON - 1000 * DAY)
    set_expiry(session, aurora, mode="days", days=90, actor=SYSTEM, now=NOON)

    dating.carry_on(session, aurora, now=NOON)

    assert lots_of(session, alice) == [(date(2027, 2, 20), 100)]
    [event] = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == EXPIRY_EMAIL_ASKED))
    assert event.body == {"points": 100, "last_valid_on": "2027-02-20", "days": None}


def test_expiry_12_lots_of_an_archived_member_die_meanwhile(
    session: Session, alice: Member
) -> None:
    hand = Hand(session, alice)
    hand.credit(100, last_valid_on=date(2026, 12, 1))
    hand.credit(30)
    books = hand.books(NOON)
    archive_points(books, alice.id, actor=SYSTEM)
    books.write()
    assert figures(session, alice)[0] == 0

    books = hand.books(NOON + 30 * DAY)
    restore_points(books, alice.id, actor=SYSTEM)
    books.write()

    assert entries_of(session, alice)[2:] == [
        ("archive", -130),
        ("restore", 130),
        ("expire", -100),
    ]
    assert figures(session, alice)[0] == 30


def test_expiry_13_points_on_hold_expire_from_their_release(
    session: Session, aurora: Shop, alice: Member
) -> None:
    set_rule(session, aurora, expiry_mode="days", expiry_days=10, expiry_since=NEW_YEAR)
    Hand(session, alice).credit(100, "earn_order", order_id=1, available_at=NOON + 14 * DAY)

    release_due(session, aurora.shop_id, now=NOON + 14 * DAY)

    assert lots_of(session, alice) == [(date(2026, 12, 16), 100)]


def test_expiry_14_a_shorter_rule_brings_no_day_nearer(
    session: Session, aurora: Shop, alice: Member
) -> None:
    set_rule(session, aurora, expiry_mode="days", expiry_days=365, expiry_since=NEW_YEAR)
    hand = Hand(session, alice)
    hand.credit(100)

    set_expiry(session, aurora, mode="days", days=30, actor=SYSTEM, now=NOON)
    dating.carry_on(session, aurora, now=NOON)
    hand.credit(10)

    assert lots_of(session, alice) == [(date(2027, 11, 22), 100), (date(2026, 12, 22), 10)]


def test_expiry_15_the_calendar_adds_up_each_day(
    session: Session, aurora: Shop, alice: Member
) -> None:
    hand = Hand(session, alice)
    hand.credit(100, last_valid_on=date(2026, 12, 31))
    hand.credit(20, last_valid_on=date(2026, 12, 31))
    hand.credit(5)

    days = expiry_calendar(session, aurora, alice.id, now=NOON)

    assert [(day.last_valid_on, day.points) for day in days] == [
        (date(2026, 12, 31), 120),
        (None, 5),
    ]


def test_expiry_16_a_change_of_zone_moves_no_day(
    session: Session, aurora: Shop, alice: Member
) -> None:
    set_rule(session, aurora, expiry_mode="days", expiry_days=3, expiry_since=NEW_YEAR)
    Hand(session, alice).credit(100)

    aurora.timezone = "Pacific/Auckland"
    session.flush()

    assert lots_of(session, alice) == [(date(2026, 11, 25), 100)]


def test_expiry_17_what_is_over_cannot_be_spent_before_the_nightly_run(
    session: Session, alice: Member
) -> None:
    hand = Hand(session, alice)
    hand.credit(100, last_valid_on=date(2026, 11, 25))
    hand.credit(40)

    hand.debit(40, at=NOON + 10 * DAY)

    assert figures(session, alice)[0] == 0
    assert entries_of(session, alice)[2:] == [("expire", -100), ("redeem", -40)]
