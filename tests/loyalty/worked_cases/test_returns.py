"""The worked cases of what orders do to redemptions; each stands in docs/rules.md."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from loyalty.audit import SYSTEM
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member
from loyalty.merging.merging import merge
from loyalty.orders.deleting import delete_order
from loyalty.orders.facts import CodeFacts
from loyalty.redemption.returning import begin, finish
from loyalty.redemption.tables import Redemption
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer, a_line, a_refund
from tests.loyalty.conftest import balance_of
from tests.loyalty.ledger.cast import lots_of
from tests.loyalty.redemption.uses_cast import HOUR, LAMP, Spender, carrying, less

SOON, LATE = date(2026, 12, 1), date(2027, 3, 1)


@pytest.fixture
def spender(session: Session, aurora: Shop, alice: Member) -> Spender:
    """Alice, who has 1000 points; a reward costs 100."""
    return Spender(session, aurora, alice)


def back(spender: Spender, redemption: Redemption, pieces: int, hours: int = 1) -> int:
    """What Alice can spend once so many of the three candles are refunded."""
    gone = less(pieces)
    spender.tell(carrying(redemption, 5123, gone, LAMP, updated_at=NOON + hours * HOUR))
    return spender.available


def test_returns_1_a_paid_order_that_carries_the_code_uses_it(spender: Spender) -> None:
    redemption = spender.redeem()

    spender.tell(carrying(redemption))

    assert spender.available == 900
    assert spender.read(redemption).state == "used"


def test_returns_2_points_come_back_cumulatively_and_floored(spender: Spender) -> None:
    redemption = spender.redeem()

    assert [back(spender, redemption, pieces, pieces) - 900 for pieces in (1, 2)] == [33, 66]


def test_returns_3_gross_is_of_the_lines_with_the_discount_before_it(spender: Spender) -> None:
    redemption = spender.redeem()
    assert redemption.code
    codes = (CodeFacts(redemption.code, 600, ((1, 500), (3, 100))),)
    mirror = a_line(3, gross_minor=3000, discount_minor=100)
    candle = a_line(1, gross_minor=1000, discount_minor=500, current_quantity=0)

    spender.tell(carrying(redemption, 5123, candle, LAMP, mirror, codes=codes))

    assert spender.available - 900 == 25


def test_returns_4_a_line_that_the_code_did_not_touch_gives_nothing(spender: Spender) -> None:
    redemption = spender.redeem()

    spender.tell(carrying(redemption, 5123, less(0), replace(LAMP, current_quantity=0)))

    assert spender.available - 900 == 0


def test_returns_5_all_come_back_when_none_of_those_lines_is_left(spender: Spender) -> None:
    redemption = spender.redeem()
    assert back(spender, redemption, 2) == 966

    assert back(spender, redemption, 3, 2) == 1000


def test_returns_6_or_when_the_order_is_cancelled(spender: Spender) -> None:
    redemption = spender.redeem()
    spender.tell(carrying(redemption))

    later = NOON + HOUR
    spender.tell(carrying(redemption, cancelled_at=later, updated_at=later))

    assert spender.available - 900 == 100


def test_returns_7_free_shipping_comes_back_only_on_cancellation(spender: Spender) -> None:
    redemption = spender.redeem()
    assert redemption.code
    codes = (CodeFacts(redemption.code, 490),)
    refunded = carrying(redemption, 5123, less(3), replace(LAMP, current_quantity=0), codes=codes)
    spender.tell(refunded)
    assert spender.available - 900 == 0

    later = NOON + HOUR
    spender.tell(replace(refunded, cancelled_at=later, updated_at=later))

    assert spender.available - 900 == 100


def test_returns_8_a_money_only_refund_returns_nothing(spender: Spender) -> None:
    redemption = spender.redeem()
    spender.tell(carrying(redemption), a_refund(lines=(), money_minor=4500))

    assert spender.available - 900 == 0


def test_returns_9_the_state_stays_used_until_all_came_back(spender: Spender) -> None:
    redemption = spender.redeem()

    states = []
    for pieces in (1, 2, 3):
        back(spender, redemption, pieces, pieces)
        row = spender.read(redemption)
        states.append((row.state, row.points_returned))

    assert states == [("used", 33), ("used", 66), ("returned", 100)]


def test_returns_10_to_the_lots_they_came_from_the_last_taken_first(
    session: Session, aurora: Shop, alice: Member
) -> None:
    spender = Spender(session, aurora, alice, points=0)
    spender.earn(60, last_valid_on=SOON)
    spender.earn(60, last_valid_on=LATE)
    redemption = spender.redeem()
    assert lots_of(session, alice) == [(LATE, 20)]

    back(spender, redemption, 2)

    assert lots_of(session, alice) == [(SOON, 26), (LATE, 60)]


def test_returns_11_expired_since_they_come_back_for_30_days(
    session: Session, aurora: Shop, alice: Member
) -> None:
    spender = Spender(session, aurora, alice, points=0)
    spender.earn(100, last_valid_on=SOON)
    redemption = spender.redeem()
    spender.tell(carrying(redemption))

    later = NOON + timedelta(days=20)
    spender.tell(carrying(redemption, 5123, less(3), LAMP, updated_at=later), now=later)

    assert lots_of(session, alice) == [(date(2026, 12, 12) + timedelta(days=30), 100)]


def test_returns_12_of_the_lots_present_owner(spender: Spender) -> None:
    redemption = spender.redeem()
    spender.tell(carrying(redemption))
    facts = a_customer(503, email="carol@example.com", first_name="Carol")
    customer = record_customer(spender.session, spender.shop, facts, now=NOON, is_backfill=False)
    carol = spender.session.get_one(Member, (spender.shop.shop_id, customer.member_id))
    merge(spender.session, spender.shop, carol.id, spender.member.id, actor=SYSTEM, now=NOON)

    assert back(spender, redemption, 1) == 0

    assert balance_of(spender.session, carol).available == 933


def test_returns_13_a_returned_code_that_still_turns_up_is_debited_again(
    session: Session, aurora: Shop, alice: Member
) -> None:
    # given 100 points that came back, and were spent on another code
    spender = Spender(session, aurora, alice, points=100)
    redemption = spender.redeem()
    begin(session, aurora.shop_id, redemption.id, reason="void", actor=SYSTEM, now=NOON)
    finish(session, aurora.shop_id, redemption.id, now=NOON)
    spender.redeem()
    # when
    spender.tell(carrying(redemption))
    # then
    assert spender.available == -100
    assert spender.read(redemption).flags == ["used_after_return"]


def test_returns_14_a_code_of_a_cancelled_unpaid_order_is_disabled_first(spender: Spender) -> None:
    redemption = spender.redeem()
    spender.tell(carrying(redemption, is_paid=False, cancelled_at=NOON))
    assert spender.available == 900
    assert spender.read(redemption).state == "returning"

    finish(spender.session, spender.shop.shop_id, redemption.id, now=NOON)

    assert spender.available == 1000


def test_returns_15_what_came_back_is_not_taken_again(spender: Spender) -> None:
    redemption = spender.redeem()
    assert back(spender, redemption, 1) == 933
    assert redemption.code
    # Three more candles are added to the order: 100 × 10.00 ÷ 60.00 = 16.
    added = a_line(9, quantity=3, gross_minor=3000, discount_minor=500)
    codes = (CodeFacts(redemption.code, 1000, ((1, 500), (9, 500))),)

    spender.tell(
        carrying(redemption, 5123, less(1), added, codes=codes, updated_at=NOON + 2 * HOUR)
    )

    assert spender.available - 900 == 33


def test_returns_16_a_code_on_two_orders_is_paid_for_twice(spender: Spender) -> None:
    redemption = spender.redeem()

    spender.tell(carrying(redemption, 1), carrying(redemption, 2))

    assert spender.available == 800
    assert spender.read(redemption).flags == ["used_twice"]


def test_returns_17_an_order_that_is_opened_again_is_debited_again(spender: Spender) -> None:
    redemption = spender.redeem()
    points = []
    for hours, cancelled_at in enumerate((None, NOON, None)):
        at = NOON + hours * HOUR
        spender.tell(carrying(redemption, cancelled_at=cancelled_at, updated_at=at))
        points.append(spender.available)

    row = spender.read(redemption)
    assert points == [900, 1000, 900]
    assert (row.state, row.points_returned, row.flags) == ("used", 0, ["used_after_return"])


def test_returns_18_a_deleted_order_gives_all_of_them_back_for_good(spender: Spender) -> None:
    redemption = spender.redeem()
    spender.tell(carrying(redemption))
    used = spender.available

    for _ in range(2):
        delete_order(spender.session, spender.shop, 5123, now=NOON)
    spender.tell(carrying(redemption, updated_at=NOON + HOUR))

    assert (used, spender.available) == (900, 1000)
    assert spender.read(redemption).state == "returned"
