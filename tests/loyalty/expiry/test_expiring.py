"""Points expire at the local midnight after their last day, once, by date or by inactivity."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.errors import InsufficientPoints
from loyalty.expiry import running
from loyalty.ledger.posting import release_due
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.ledger.cast import DAY, Hand, agree, entries_of, figures, lots_of, set_rule

MIDNIGHT = datetime(2026, 11, 25, 23, 0, tzinfo=UTC)
"""The end of 25 November in Madrid."""
LAST_DAY = date(2026, 11, 25)


def run(session: Session, shop: Shop, at: datetime) -> int:
    expired = running.expire_dated(session, shop, now=at)
    return expired + running.expire_idle(session, shop, after=None, now=at)[1]


def test_a_lot_lives_until_the_local_midnight_after_its_last_day(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, last_valid_on=LAST_DAY)

    assert run(session, aurora, MIDNIGHT - timedelta(seconds=1)) == 0
    assert run(session, aurora, MIDNIGHT) == 1

    assert figures(session, alice) == (0, 0, 100, 0)
    entry = session.scalars(select(LedgerEntry).where(LedgerEntry.kind == "expire")).one()
    assert (entry.points, entry.occurred_at) == (-100, MIDNIGHT)
    assert agree(session, aurora.shop_id)


def test_run_twice_it_writes_one_entry(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, last_valid_on=LAST_DAY)

    run(session, aurora, MIDNIGHT)
    run(session, aurora, MIDNIGHT + DAY)

    assert entries_of(session, alice) == [("grant", 100), ("expire", -100)]


def test_only_what_is_left_expires(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, last_valid_on=LAST_DAY)
    hand.debit(30)

    run(session, aurora, MIDNIGHT)

    assert entries_of(session, alice)[-1] == ("expire", -70)


def test_nothing_that_is_over_can_be_spent_before_the_job_has_run(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, last_valid_on=LAST_DAY)
    hand.credit(40)

    with pytest.raises(InsufficientPoints):
        hand.debit(41, at=MIDNIGHT)
    hand.debit(40, at=MIDNIGHT)

    assert figures(session, alice) == (0, 0, 140, 40)
    assert agree(session, aurora.shop_id)


def test_points_can_be_spent_to_the_last_second_of_their_last_day(
    session: Session, alice: Member, hand: Hand
) -> None:
    hand.credit(100, last_valid_on=LAST_DAY)

    hand.debit(100, at=MIDNIGHT - timedelta(seconds=1))

    assert entries_of(session, alice) == [("grant", 100), ("redeem", -100)]


def test_days_count_from_the_release(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    set_rule(session, aurora, expiry_mode="days", expiry_days=10, expiry_since=date(2026, 1, 1))
    hand.credit(100, "earn_order", order_id=1, available_at=NOON + 14 * DAY)
    hand.credit(50)

    release_due(session, aurora.shop_id, now=NOON + 14 * DAY + timedelta(hours=20))

    # Released on 6 December by schedule, however late the job came.
    assert lots_of(session, alice) == [(date(2026, 12, 16), 100), (date(2026, 12, 2), 50)]


def test_inactivity_ends_all_points_at_once(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    set_rule(
        session, aurora, expiry_mode="inactivity", expiry_days=10, expiry_since=date(2026, 1, 1)
    )
    hand.credit(100)
    hand.credit(50, at=NOON + 5 * DAY)
    over = datetime(2026, 12, 7, 23, 0, tzinfo=UTC)  # 27 November + 10 days, and midnight

    assert run(session, aurora, over - timedelta(seconds=1)) == 0
    assert run(session, aurora, over) == 2

    assert figures(session, alice) == (0, 0, 150, 0)
    assert agree(session, aurora.shop_id)


@pytest.mark.parametrize("kind", ["earn_order", "earn_action", "grant"])
def test_earning_and_manual_grants_are_activity(
    session: Session, alice: Member, hand: Hand, aurora: Shop, kind: str
) -> None:
    set_rule(
        session, aurora, expiry_mode="inactivity", expiry_days=10, expiry_since=date(2026, 1, 1)
    )
    hand.credit(100)
    hand.credit(1, kind, at=NOON + 9 * DAY)

    assert run(session, aurora, NOON + 15 * DAY) == 0


def test_redeeming_is_activity_and_a_deduction_is_none(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    set_rule(
        session, aurora, expiry_mode="inactivity", expiry_days=10, expiry_since=date(2026, 1, 1)
    )
    hand.credit(100)
    hand.debit(10, "redeem", at=NOON + 8 * DAY)
    hand.debit(10, "deduct", at=NOON + 9 * DAY)

    assert run(session, aurora, NOON + 18 * DAY) == 0
    assert run(session, aurora, NOON + 19 * DAY) == 1


def test_an_import_is_no_activity(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    set_rule(
        session, aurora, expiry_mode="inactivity", expiry_days=10, expiry_since=date(2026, 1, 1)
    )
    hand.credit(100)
    hand.credit(10, "import", at=NOON + 9 * DAY)

    run(session, aurora, NOON + 15 * DAY)

    assert figures(session, alice)[0] == 10


def test_who_comes_back_too_late_finds_the_old_points_gone(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    set_rule(
        session, aurora, expiry_mode="inactivity", expiry_days=10, expiry_since=date(2026, 1, 1)
    )
    hand.credit(100)

    hand.credit(20, "earn_order", order_id=1, at=NOON + 11 * DAY)

    assert entries_of(session, alice) == [("grant", 100), ("expire", -100), ("earn_order", 20)]
    assert agree(session, aurora.shop_id)


def test_a_change_of_zone_moves_no_day(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    set_rule(session, aurora, expiry_mode="days", expiry_days=3, expiry_since=date(2026, 1, 1))
    hand.credit(100)

    aurora.timezone = "Pacific/Auckland"
    session.flush()

    assert lots_of(session, alice) == [(LAST_DAY, 100)]
    assert run(session, aurora, datetime(2026, 11, 25, 11, 0, tzinfo=UTC)) == 1


def test_another_shops_lots_are_left_alone(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, last_valid_on=LAST_DAY)
    elsewhere = Shop(shop_id=aurora.shop_id + 1, timezone="UTC")

    assert running.expire_dated(session, elsewhere, now=NOON + 30 * DAY) == 0
