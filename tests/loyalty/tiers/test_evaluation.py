"""The nightly evaluation: who falls and when, and who keeps what they won."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from loyalty.tiers.evaluation import evaluate
from tests.loyalty.tiers.cast import buy, have_tiers, moves_told, noon_of, tier_name


def night(session: Session, shop: Shop, member: Member, day: date) -> str | None:
    """The member's tier after the evaluation of the shop's day."""
    evaluate(session, shop, [member.id], now=noon_of(shop, day))
    return tier_name(session, member)


@pytest.mark.parametrize(
    ("day", "tier"),
    [(date(2027, 12, 31), "Silver"), (date(2028, 1, 30), "Silver"), (date(2028, 1, 31), None)],
)
def test_calendar_tier_lasts_to_the_end_of_the_next_year_and_30_days(
    session: Session, aurora: Shop, alice: Member, day: date, tier: str | None
) -> None:
    have_tiers(session, aurora, cycle="calendar")
    buy(session, aurora, 1, 10_000, date(2026, 11, 22))

    assert night(session, aurora, alice, day) == tier


def test_last_years_orders_do_not_add_to_this_years(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, cycle="calendar")

    buy(session, aurora, 1, 9_999, date(2026, 12, 31))
    buy(session, aurora, 2, 9_999, date(2027, 1, 1))

    assert tier_name(session, alice) is None


def test_who_falls_stands_where_the_later_year_puts_them(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, cycle="calendar")
    buy(session, aurora, 1, 50_000, date(2026, 6, 1))
    buy(session, aurora, 2, 10_000, date(2027, 6, 1))

    assert night(session, aurora, alice, date(2028, 1, 30)) == "Gold"
    assert night(session, aurora, alice, date(2028, 1, 31)) == "Silver"
    assert moves_told(session, alice)[-1] == ("Gold", "Silver", "lapsed")


def test_days_are_the_shops(session: Session, aurora: Shop, alice: Member) -> None:
    have_tiers(session, aurora, cycle="calendar")
    # 23:30 UTC on 31 December is 00:30 on 1 January in Madrid.
    at = noon_of(aurora, date(2026, 12, 31)).replace(hour=23, minute=30)
    buy(session, aurora, 1, 10_000, date(2026, 12, 31), created_at=at, processed_at=at)

    assert night(session, aurora, alice, date(2028, 12, 31)) == "Silver"


@pytest.mark.parametrize(
    ("day", "tier"),
    [
        # Placed on 2026-01-10, it is one of 365 days up to 2027-01-09.
        (date(2027, 1, 9), "Silver"),
        # The metric fell on 10 January; 30 days of grace end with 8 February.
        (date(2027, 2, 8), "Silver"),
        (date(2027, 2, 9), None),
    ],
)
def test_rolling_tier_outlives_its_365_days_by_the_grace(
    session: Session, aurora: Shop, alice: Member, day: date, tier: str | None
) -> None:
    have_tiers(session, aurora, cycle="rolling")
    buy(session, aurora, 1, 10_000, date(2026, 1, 10))

    assert night(session, aurora, alice, day) == tier


def test_rolling_adds_what_lies_within_365_days_of_each_other(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, cycle="rolling")
    buy(session, aurora, 1, 5_000, date(2025, 11, 22))

    buy(session, aurora, 2, 5_000, date(2026, 11, 22))
    assert tier_name(session, alice) is None
    buy(session, aurora, 3, 5_000, date(2026, 11, 23))
    assert tier_name(session, alice) == "Silver"


@pytest.mark.parametrize("cycle", ["lifetime", "calendar", "enrolment", "rolling"])
def test_tier_won_by_an_order_that_was_refunded_ends_without_grace(
    session: Session, aurora: Shop, alice: Member, cycle: str
) -> None:
    have_tiers(session, aurora, cycle=cycle)
    day = date(2026, 11, 22)
    buy(session, aurora, 1, 10_000, day)
    buy(session, aurora, 1, 10_000, day, current_total_minor=1)

    assert tier_name(session, alice) == "Silver"
    assert night(session, aurora, alice, day + timedelta(days=1)) is None


def test_refund_of_an_order_that_was_not_needed_takes_no_tier(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora)
    buy(session, aurora, 1, 10_000, date(2026, 11, 20))
    buy(session, aurora, 2, 10_000, date(2026, 11, 21))
    buy(
        session,
        aurora,
        2,
        10_000,
        date(2026, 11, 21),
        cancelled_at=noon_of(aurora, date(2026, 11, 22)),
    )

    assert night(session, aurora, alice, date(2026, 11, 23)) == "Silver"


def test_refund_next_year_counts_in_the_year_of_its_order(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, cycle="calendar")
    buy(session, aurora, 1, 10_000, date(2026, 12, 20))
    buy(session, aurora, 2, 10_000, date(2027, 1, 5))
    later = noon_of(aurora, date(2027, 1, 10))
    buy(session, aurora, 1, 10_000, date(2026, 12, 20), current_total_minor=0, updated_at=later)

    # 2027 alone gives Silver, to 2029-01-30: the refund took nothing from 2027.
    assert night(session, aurora, alice, date(2029, 1, 30)) == "Silver"
    assert night(session, aurora, alice, date(2029, 1, 31)) is None


def test_evaluating_twice_writes_nothing(session: Session, aurora: Shop, alice: Member) -> None:
    have_tiers(session, aurora, cycle="calendar")
    buy(session, aurora, 1, 10_000, date(2024, 1, 1))
    day = date(2026, 11, 22)
    night(session, aurora, alice, day)
    told = moves_told(session, alice)

    night(session, aurora, alice, day)

    assert moves_told(session, alice) == told


def test_history_that_arrives_late_lifts_at_night(
    session: Session, aurora: Shop, alice: Member
) -> None:
    tiers = have_tiers(session, aurora, cycle="calendar")
    buy(session, aurora, 1, 10_000, date(2025, 3, 1))
    # Aurora's merchant makes Silver cheaper than Alice's order of last year.
    tiers["Silver"].threshold = 10_001
    session.flush()
    assert night(session, aurora, alice, date(2026, 11, 22)) is None
    tiers["Silver"].threshold = 10_000
    session.flush()

    assert night(session, aurora, alice, date(2026, 11, 22)) == "Silver"


def test_archived_member_is_left_alone(session: Session, aurora: Shop, alice: Member) -> None:
    have_tiers(session, aurora)
    buy(session, aurora, 1, 10_000, date(2026, 11, 22))
    buy(session, aurora, 1, 10_000, date(2026, 11, 22), current_total_minor=0)
    alice.state = "archived"
    session.flush()

    assert night(session, aurora, alice, date(2026, 11, 23)) == "Silver"
