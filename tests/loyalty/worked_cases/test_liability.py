"""The worked cases of the section Liability; each stands in docs/rules.md with its arithmetic."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from loyalty.ledger.posting import release_due
from loyalty.liability.report import Report, make_report
from loyalty.liability.rollforward import roll_forward
from loyalty.liability.settings import save
from loyalty.members.tables import Member
from loyalty.orders.facts import OrderFacts
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_line, a_refund, an_order
from tests.loyalty.earning.cast import OPERATOR, comes, no_rules, rule, settings
from tests.loyalty.ledger.cast import DAY, Hand
from tests.loyalty.liability.cast import edited_away, redeemed_for

TODAY = NOON.date()
NEXT_YEAR = datetime(2027, 11, 22, 12, 0, tzinfo=UTC)


def say(
    session: Session, shop: Shop, value: str | None, breakage: str | None, at: datetime = NOON
) -> None:
    save(session, shop, point_value=value, breakage_percent=breakage, actor=OPERATOR, now=at)


def sale(amount_minor: int, order_id: int = 5123, at: datetime = NOON) -> OrderFacts:
    return an_order(
        order_id,
        a_line(1, gross_minor=amount_minor),
        created_at=at,
        processed_at=at,
        updated_at=at,
    )


def report(session: Session, shop: Shop, at: datetime = NOON) -> Report:
    return make_report(session, shop, at.date(), now=at)


def test_liability_1_the_shop_says_what_a_point_is_worth(
    session: Session, aurora: Shop, alice: Member
) -> None:
    Hand(session, alice).credit(1000)

    say(session, aurora, "0.02", "0")

    assert report(session, aurora).cost_minor == 2000


def test_liability_2_else_what_a_point_took_off_orders_last_year(
    session: Session, aurora: Shop, alice: Member
) -> None:
    Hand(session, alice).credit(1000)
    redeemed_for(session, aurora, alice, points=300, amount_minor=450, at=NOON)
    redeemed_for(session, aurora, alice, points=100, amount_minor=50, at=NOON)
    long_ago = NOON - timedelta(days=366)
    redeemed_for(session, aurora, alice, points=100, amount_minor=9900, at=long_ago)

    worth = report(session, aurora).worth

    assert worth is not None
    assert (worth.minor, worth.points) == (Decimal("1.25"), 400)


def test_liability_3_outstanding_points_by_the_month_they_were_earned_in(
    session: Session, aurora: Shop, alice: Member
) -> None:
    hand = Hand(session, alice)
    hand.credit(400, at=NOON - 60 * DAY)
    hand.credit(600)
    hand.debit(100)

    lines = report(session, aurora).lines

    held = [(line.cohort.month, line.cohort.outstanding) for line in lines]
    assert held == [(date(2026, 9, 1), 300), (date(2026, 11, 1), 600)]


def test_liability_4_points_that_will_break_are_not_owed(
    session: Session, aurora: Shop, alice: Member
) -> None:
    Hand(session, alice).credit(1000)
    say(session, aurora, "0.01", "20")

    assert report(session, aurora).cost_minor == 800


def test_liability_5_points_on_hold_have_a_line_of_their_own(
    session: Session, aurora: Shop, alice: Member
) -> None:
    Hand(session, alice).credit(50)
    settings(session, aurora, hold_days=14)
    comes(session, aurora, sale(30_00))
    say(session, aurora, "0.01", "0")

    held = report(session, aurora)
    assert (held.cost_minor, held.on_hold_minor) == (50, 30)
    release_due(session, aurora.shop_id, now=NOON + 14 * DAY)
    free = report(session, aurora, NOON + 14 * DAY)
    assert (free.cost_minor, free.on_hold_minor) == (80, 0)


def test_liability_6_a_sale_defers_the_price_of_its_points(
    session: Session, aurora: Shop, alice: Member
) -> None:
    say(session, aurora, "0.01", "20")

    comes(session, aurora, sale(100_00))

    # 0.80 ÷ 100.80 of 100.00 is 0.794, to the cent 0.79.
    assert report(session, aurora).deferred_minor == 79


def test_liability_7_revenue_follows_the_points_that_are_redeemed(
    session: Session, aurora: Shop, alice: Member
) -> None:
    """IFRS 15, Illustrative Example 52 (IE267–IE270); ASC 606-10-55-353 to 55-356."""
    no_rules(session, aurora)
    rule(session, aurora, points_per_unit=Decimal("0.1"))
    say(session, aurora, "1", "5")
    comes(session, aurora, sale(100_000_00))
    at_first = report(session, aurora).deferred_minor
    hand = Hand(session, alice)
    hand.debit(4_500, at=NOON + 30 * DAY)
    say(session, aurora, "1", "9.090909090909", at=NOON + 30 * DAY)
    after_a_year = report(session, aurora, NOON + 31 * DAY).deferred_minor
    hand.debit(4_000, at=NEXT_YEAR)
    say(session, aurora, "1", "20", at=NEXT_YEAR)
    after_two = report(session, aurora, NEXT_YEAR).deferred_minor

    assert at_first is not None
    assert after_a_year is not None
    assert after_two is not None
    whole = [round(minor / 100) for minor in (at_first, after_a_year, after_two)]
    assert whole == [8_676, 4_566, 1_073]


def test_liability_8_points_that_were_given_defer_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    say(session, aurora, "0.01", "0")

    Hand(session, alice).credit(1000)

    found = report(session, aurora)
    assert (found.cost_minor, found.deferred_minor) == (1000, 0)


def test_liability_9_a_refund_takes_its_part_of_what_was_deferred(
    session: Session, aurora: Shop, alice: Member
) -> None:
    say(session, aurora, "0.01", "0")
    order = an_order(5123, a_line(1, gross_minor=50_00), a_line(2, gross_minor=50_00))
    comes(session, aurora, order)
    before = report(session, aurora).deferred_minor

    comes(session, aurora, a_refund(77, 5123))

    # 1.00 ÷ 101.00 of 100.00 is 0.990; half of it stands for the points that are left.
    later = NOON + timedelta(hours=2)
    assert (before, report(session, aurora, later).deferred_minor) == (99, 50)


def test_liability_10_an_old_report_stays_what_it_was(
    session: Session, aurora: Shop, alice: Member
) -> None:
    say(session, aurora, "0.01", "20")
    hand = Hand(session, alice)
    hand.credit(1000)
    later = NOON + 40 * DAY

    hand.debit(900, at=later)
    say(session, aurora, "0.05", "0", at=later)

    old = make_report(session, aurora, TODAY, now=later)
    new = make_report(session, aurora, later.date(), now=later)
    assert (old.points, old.cost_minor) == (1000, 800)
    assert (new.points, new.cost_minor) == (100, 500)


def test_liability_11_the_roll_forward_adds_up(
    session: Session, aurora: Shop, alice: Member
) -> None:
    hand = Hand(session, alice)
    hand.credit(500, at=NOON - DAY)
    hand.credit(100, "earn_order", order_id=1)
    hand.debit(70)
    hand.debit(30, "deduct")

    rolled = roll_forward(session, aurora, TODAY - DAY, TODAY, now=NOON)

    assert (rolled.opening, rolled.closing) == (500, 500)
    assert rolled.movements == {"earn_order": 100, "redeem": -70, "deduct": -30}


def test_liability_12_a_shops_own_past_says_what_breaks(
    session: Session, aurora: Shop, alice: Member
) -> None:
    """Of each month's 100 points 40 are redeemed in that month, and none later."""
    hand = Hand(session, alice)
    for months in range(13, 0, -1):
        at = NOON - timedelta(days=30.4 * months)
        # The newest lot ends first, so that each month's points are spent from its own.
        hand.credit(100, at=at, last_valid_on=date(2040, 1, 1) + months * DAY)
        hand.debit(40, at=at)
    hand.credit(100)

    lines = report(session, aurora).lines

    assert lines[-1].breakage == Decimal("0.600000")
    assert lines[0].breakage == Decimal("1.000000")


def test_liability_13_a_code_edited_away_counts_from_the_day_of_the_edit(
    session: Session, aurora: Shop, alice: Member
) -> None:
    Hand(session, alice).credit(1000)
    order = redeemed_for(session, aurora, alice, points=300, amount_minor=450, at=NOON)
    redeemed_for(session, aurora, alice, points=100, amount_minor=50, at=NOON)
    before = report(session, aurora)
    rolled = roll_forward(session, aurora, TODAY - DAY, TODAY, now=NOON)
    later = NOON + 40 * DAY

    edited_away(session, aurora, order, at=later)

    assert make_report(session, aurora, TODAY, now=later) == before
    assert make_report(session, aurora, TODAY + 39 * DAY, now=later).cost_minor == 750
    assert roll_forward(session, aurora, TODAY - DAY, TODAY, now=later) == rolled
    new = report(session, aurora, later)
    assert (before.cost_minor, new.cost_minor) == (750, 450)
    assert (before.points, new.points) == (600, 900)
