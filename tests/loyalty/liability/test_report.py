"""The report and the roll-forward hold against the books, whatever happened to the points."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from loyalty.audit import SYSTEM
from loyalty.base.errors import BadPeriod
from loyalty.expiry import running
from loyalty.ledger.archiving import archive_points, restore_points
from loyalty.ledger.giving_back import return_points
from loyalty.liability.report import make_report
from loyalty.liability.rollforward import roll_forward
from loyalty.liability.settings import save
from loyalty.liability.worth import Worth
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_line, an_order
from tests.loyalty.conftest import install_shop
from tests.loyalty.earning.cast import OPERATOR, comes, posted, rule
from tests.loyalty.ledger.cast import DAY, Hand, a_cause, a_member, figures
from tests.loyalty.redemption.cast import a_reward, have_points, issued

TODAY = NOON.date()


def test_without_a_value_there_are_points_and_no_money(
    session: Session, aurora: Shop, alice: Member
) -> None:
    Hand(session, alice).credit(1000)

    report = make_report(session, aurora, TODAY, now=NOON)

    assert (report.points, report.worth, report.cost_minor) == (1000, None, None)
    assert report.breakage_source == "none"


def test_a_balance_below_zero_owes_nothing_and_is_told_apart(
    session: Session, aurora: Shop, alice: Member
) -> None:
    other = a_member(session, aurora, 777)
    Hand(session, alice).credit(300)
    Hand(session, other).debit(50, "deduct", may_go_negative=True)

    report = make_report(session, aurora, TODAY, now=NOON)

    assert (report.points, report.lacking) == (250, 50)
    assert [line.cohort.outstanding for line in report.lines] == [300]


def test_points_that_came_back_late_belong_to_their_first_month(
    session: Session, aurora: Shop, alice: Member
) -> None:
    hand = Hand(session, alice)
    hand.credit(100, at=NOON - 90 * DAY, last_valid_on=TODAY - DAY)
    debit = hand.debit(100, at=NOON - 80 * DAY)
    cause = a_cause("redeem_reversal", "back")
    return_points(session, aurora.shop_id, debit.id, cause, points=100, now=NOON)

    (line,) = make_report(session, aurora, TODAY, now=NOON).lines

    assert line.cohort.month == date(2026, 8, 1)
    assert (line.cohort.earned, line.cohort.redeemed, line.cohort.outstanding) == (100, 0, 100)


def test_a_day_is_the_shops(session: Session, aurora: Shop, alice: Member) -> None:
    """23:30 in London is half past midnight in Madrid."""
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    Hand(session, alice).credit(100, at=late)

    assert make_report(session, aurora, TODAY, now=late).points == 0
    assert make_report(session, aurora, TODAY + DAY, now=late).points == 100


def test_what_is_posted_at_midnight_belongs_to_the_day_that_begins(
    session: Session, aurora: Shop, alice: Member
) -> None:
    midnight = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)  # in Madrid
    Hand(session, alice).credit(100, at=midnight)

    before = roll_forward(session, aurora, TODAY - 2 * DAY, TODAY - DAY, now=NOON)
    after = roll_forward(session, aurora, TODAY - DAY, TODAY, now=NOON)

    assert (before.movements, before.closing) == ({}, 0)
    assert (after.opening, sum(after.movements.values()), after.closing) == (0, 100, 100)


def test_store_credit_says_what_a_point_is_worth_as_codes_do(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 1000)

    issued(session, aurora, alice, a_reward(session, aurora, kind="store_credit"))

    worth = make_report(session, aurora, TODAY, now=NOON).worth
    assert worth == Worth(Decimal(5), "redemptions", 100)


def test_a_line_that_counts_for_two_rules_has_one_price(
    session: Session, aurora: Shop, alice: Member
) -> None:
    rule(session, aurora)
    save(session, aurora, point_value="0.01", breakage_percent="0", actor=OPERATOR, now=NOON)

    comes(session, aurora, an_order(5123, a_line(gross_minor=100_00)))

    assert [points for _, points in posted(session)] == [100, 100]
    # 2.00 ÷ 102.00 of 100.00 is 1.961.
    assert make_report(session, aurora, TODAY, now=NOON).deferred_minor == 196


def test_whatever_happens_the_ends_meet(session: Session, aurora: Shop, alice: Member) -> None:
    hand = Hand(session, alice)
    hand.credit(500, at=NOON - 40 * DAY, last_valid_on=TODAY + 5 * DAY)
    hand.credit(80, "earn_order", order_id=1, available_at=NOON + 14 * DAY)
    debit = hand.debit(120, at=NOON + DAY)
    cause = a_cause("redeem_reversal", "back", NOON + 2 * DAY)
    return_points(session, aurora.shop_id, debit.id, cause, points=70, now=NOON + 2 * DAY)
    hand.reverse(80, 1, at=NOON + 3 * DAY)
    running.expire_dated(session, aurora, now=NOON + 6 * DAY)
    hand.credit(40, at=NOON + 7 * DAY)
    for post, days in ((archive_points, 8), (restore_points, 9)):
        books = hand.books(NOON + days * DAY)
        post(books, alice.id, actor=SYSTEM)
        books.write()

    end = NOON + 10 * DAY
    rolled = roll_forward(session, aurora, TODAY - DAY, end.date(), now=end)

    assert rolled.opening + sum(rolled.movements.values()) == rolled.closing
    assert rolled.closing == make_report(session, aurora, end.date(), now=end).points
    assert rolled.closing == figures(session, alice)[0]
    for days in range(-41, 10):
        day = TODAY + timedelta(days=days)
        report = make_report(session, aurora, day, now=end)
        before = roll_forward(session, aurora, day, day + DAY, now=end)
        assert before.opening == report.points, day
        # Nobody is below zero here: cohorts that held anything else would be made to fit by it.
        assert report.lacking == 0, day


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (0, 1)])
def test_days_in_the_wrong_order_or_to_come_are_refused(
    session: Session, aurora: Shop, first: int, second: int
) -> None:
    with pytest.raises(BadPeriod):
        roll_forward(session, aurora, TODAY + first * DAY, TODAY + second * DAY, now=NOON)
    with pytest.raises(BadPeriod):
        make_report(session, aurora, TODAY + DAY, now=NOON)


def test_another_shops_points_are_not_ours(session: Session, alice: Member) -> None:
    Hand(session, alice).credit(1000)

    borealis = install_shop(session, "borealis", currency="USD", timezone="America/Toronto")

    assert make_report(session, borealis, TODAY, now=NOON).points == 0
