"""A code on an order uses its redemption; what is given back of the order gives points back."""

from dataclasses import replace
from itertools import permutations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.audit import SYSTEM
from loyalty.base.errors import NotReturnable
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member, TimelineEvent
from loyalty.merging.merging import merge
from loyalty.orders.facts import CodeFacts, OrderFacts, RefundFacts
from loyalty.redemption.due import begin_expired
from loyalty.redemption.issuing import issue, refuse
from loyalty.redemption.returning import begin, finish
from loyalty.redemption.tables import Redemption
from loyalty.redemption.use_table import RedemptionUse
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer, a_refund
from tests.loyalty.conftest import balance_of
from tests.loyalty.coupons.cast import add_imported, codes_of, hand
from tests.loyalty.redemption.uses_cast import (
    DISCOUNT,
    HOUR,
    LAMP,
    Spender,
    carrying,
    less,
    share,
)


@pytest.fixture
def spender(session: Session, aurora: Shop, alice: Member) -> Spender:
    """Alice, who has 1000 points to spend."""
    return Spender(session, aurora, alice)


def test_a_paid_order_that_carries_the_code_uses_the_redemption(spender: Spender) -> None:
    redemption = spender.redeem()

    spender.tell(carrying(redemption))

    used = spender.read(redemption)
    assert (used.state, used.order_id, used.used_at) == ("used", 5123, NOON)
    assert (used.points_returned, used.flags) == (0, [])
    assert spender.available == 900
    assert _events(spender, "reward_used") == [{"reward": "5 euros off", "order_name": "#5123"}]


def test_the_same_order_again_writes_nothing(spender: Spender) -> None:
    redemption = spender.redeem()
    told = carrying(redemption, 5123, less(1), LAMP, refunds=(a_refund(),))
    spender.tell(told, a_refund())
    before = spender.written()

    spender.tell(told, a_refund(), told)

    assert spender.written() == before
    assert spender.available == 900 + share(100, 1000, 3000)


def test_what_a_code_took_off_stays_and_an_edit_is_a_movement_of_its_own(spender: Spender) -> None:
    redemption, code = spender.redeem(), CodeFacts("", 300, ((1, 300),))
    spender.tell(carrying(redemption))
    later = NOON + HOUR
    less_off = replace(code, code=str(redemption.code))
    told = carrying(redemption, codes=(less_off,), updated_at=later)
    away = carrying(redemption, codes=(), updated_at=later + HOUR)

    spender.tell(told, told, now=later)
    spender.tell(away, away, told, now=later + HOUR)

    use = spender.session.scalars(select(RedemptionUse)).one()
    assert use.amount_minor == 500
    assert use.edits == [
        {"recorded_at": later.isoformat(), "amount_minor": -200},
        {"recorded_at": (later + HOUR).isoformat(), "amount_minor": -300},
    ]


def test_an_unpaid_order_uses_nothing_until_it_is_paid(spender: Spender) -> None:
    redemption = spender.redeem()
    spender.tell(carrying(redemption, is_paid=False))
    assert spender.read(redemption).state == "issued"

    spender.tell(carrying(redemption, updated_at=NOON + HOUR))

    assert spender.read(redemption).state == "used"
    assert spender.available == 900


def test_points_stay_away_while_an_unpaid_order_carries_the_code(spender: Spender) -> None:
    """Else they could be spent a second time before the bank transfer arrives."""
    redemption = spender.redeem()
    spender.tell(carrying(redemption, is_paid=False))
    ids = spender.session, spender.shop.shop_id

    with pytest.raises(NotReturnable, match="not paid yet"):
        begin(*ids, redemption.id, reason="void", actor=SYSTEM, now=NOON)
    over = begin_expired(*ids, now=NOON + 10_000 * HOUR, limit=10)

    assert (over, spender.read(redemption).state, spender.available) == (0, "issued", 900)
    spender.tell(carrying(redemption, updated_at=NOON + HOUR))
    assert spender.read(redemption).state == "used"


def test_a_test_order_uses_nothing(spender: Spender) -> None:
    redemption = spender.redeem()

    spender.tell(carrying(redemption, is_test=True))

    assert spender.read(redemption).state == "issued"


def test_an_order_of_a_guest_or_from_before_the_programme_uses_it(spender: Spender) -> None:
    guests, old = spender.redeem(), spender.redeem()

    spender.tell(carrying(guests, 1, customer_id=None))
    spender.tell(
        carrying(old, 2, created_at=NOON - 2000 * HOUR, processed_at=NOON - 2000 * HOUR),
        is_backfill=True,
    )

    assert [spender.read(each).state for each in (guests, old)] == ["used", "used"]


def test_refunded_pieces_give_back_their_floored_share_of_the_points(spender: Spender) -> None:
    # given 100 points for 5.00 off three candles of 10.00
    redemption = spender.redeem()
    spender.tell(carrying(redemption))
    # when one comes back, then another: floor(100 × 10/30) = 33, floor(100 × 20/30) = 66
    spender.tell(carrying(redemption, 5123, less(1), LAMP, updated_at=NOON + HOUR))
    after_one = spender.available
    spender.tell(carrying(redemption, 5123, less(2), LAMP, updated_at=NOON + 2 * HOUR))
    # then
    assert (after_one, spender.available) == (933, 966)
    used = spender.read(redemption)
    assert (used.state, used.points_returned) == ("used", 66)


def test_all_points_are_back_when_no_discounted_line_is_left(spender: Spender) -> None:
    redemption = spender.redeem()
    spender.tell(carrying(redemption))

    spender.tell(carrying(redemption, 5123, less(3), LAMP, updated_at=NOON + HOUR))

    back = spender.read(redemption)
    assert (back.state, back.reason, back.points_returned) == ("returned", "refunded", 100)
    assert spender.available == 1000
    assert balance_of(spender.session, spender.member).lifetime_burned == 0


def test_a_line_without_the_discount_gives_nothing_back(spender: Spender) -> None:
    redemption = spender.redeem()
    spender.tell(carrying(redemption))

    lamp_gone = replace(LAMP, current_quantity=0)
    spender.tell(carrying(redemption, 5123, less(0), lamp_gone, updated_at=NOON + HOUR))

    assert spender.available == 900


def test_a_refund_of_money_alone_gives_no_points_back(spender: Spender) -> None:
    redemption = spender.redeem()
    spender.tell(carrying(redemption), a_refund(lines=(), money_minor=2500))

    assert spender.available == 900
    assert spender.read(redemption).state == "used"


def test_free_shipping_comes_back_only_when_the_order_is_cancelled(spender: Spender) -> None:
    redemption = spender.redeem()
    assert redemption.code
    codes = (CodeFacts(redemption.code, 490),)
    gone = carrying(redemption, 5123, less(3), codes=codes, updated_at=NOON + HOUR)
    spender.tell(gone)
    after_refund = spender.available

    spender.tell(replace(gone, cancelled_at=NOON + 2 * HOUR, updated_at=NOON + 2 * HOUR))

    assert (after_refund, spender.available) == (900, 1000)
    assert spender.read(redemption).reason == "order_cancelled"


def test_a_cancelled_paid_order_gives_all_points_back_at_once(spender: Spender) -> None:
    redemption = spender.redeem()

    spender.tell(carrying(redemption, cancelled_at=NOON + HOUR, updated_at=NOON + HOUR))

    assert spender.read(redemption).state == "returned"
    assert spender.available == 1000


def test_a_cancelled_unpaid_order_gives_them_back_once_the_code_is_dead(spender: Spender) -> None:
    redemption = spender.redeem()
    cancelled = carrying(redemption, is_paid=False, cancelled_at=NOON + HOUR, updated_at=NOON)
    spender.tell(cancelled)
    returning = spender.read(redemption)
    assert (returning.state, returning.reason) == ("returning", "order_cancelled")
    assert returning.next_at is not None and returning.next_at <= NOON
    assert spender.available == 900

    finish(spender.session, spender.shop.shop_id, redemption.id, now=NOON)
    spender.tell(cancelled)

    assert spender.read(redemption).state == "returned"
    assert spender.available == 1000


def test_a_returned_code_that_turns_up_is_debited_again_and_flagged(spender: Spender) -> None:
    # given a code whose points came back and were spent since
    redemption = spender.redeem()
    _void(spender, redemption)
    for _ in range(10):
        spender.redeem()
    assert spender.available == 0
    # when an order still carries it
    spender.tell(carrying(redemption))
    # then
    late = spender.read(redemption)
    assert (late.state, late.flags, late.points_returned) == ("used", ["used_after_return"], 0)
    assert spender.available == -100


def test_a_code_that_exists_after_its_refusal_is_debited_again_when_it_is_used(
    spender: Spender,
) -> None:
    # given points that came back for a code that was thought not to exist, and is to be disabled
    redemption, shop_id = spender.reserve(), spender.shop.shop_id
    refuse(spender.session, shop_id, redemption.id, reason="no answer", now=NOON)
    issue(spender.session, shop_id, redemption.id, discount_gid=DISCOUNT, now=NOON)
    before = (spender.read(redemption).state, spender.available)
    # when an order was faster, and is refunded later
    spender.tell(carrying(redemption))
    used = (spender.available, spender.read(redemption).flags)
    spender.tell(carrying(redemption, 5123, less(3), LAMP, updated_at=NOON + HOUR))
    # then
    assert before == ("returning", 1000)
    assert used == (900, ["used_after_return"])
    assert spender.available == 1000
    assert spender.read(redemption).state == "returned"


def test_a_late_use_gives_back_what_it_took_when_its_order_is_refunded(spender: Spender) -> None:
    redemption = spender.redeem()
    _void(spender, redemption)
    spender.tell(carrying(redemption))
    assert spender.available == 900

    spender.tell(carrying(redemption, 5123, less(1), LAMP, updated_at=NOON + HOUR))
    spender.tell(carrying(redemption, 5123, less(3), LAMP, updated_at=NOON + 2 * HOUR))

    assert spender.available == 1000
    assert spender.read(redemption).state == "returned"
    keys = spender.session.scalars(
        select(LedgerEntry.idempotency_key)
        .where(LedgerEntry.source_id == str(redemption.id))
        .order_by(LedgerEntry.id)
    )
    name = f"redemption:{redemption.id}"
    ends = ("", ":return:1", ":late:5123", ":return:2", ":return:3")
    assert list(keys) == [name + end for end in ends]


def test_an_order_opened_again_keeps_what_was_refunded(spender: Spender) -> None:
    # given a refund of one candle of three, and then a cancellation
    redemption = spender.redeem()
    spender.tell(carrying(redemption))
    spender.tell(carrying(redemption, 5123, less(1), LAMP, updated_at=NOON + HOUR))
    later = NOON + 2 * HOUR
    gone = carrying(redemption, 5123, less(1), LAMP, cancelled_at=later, updated_at=later)
    spender.tell(gone)
    assert spender.available == 1000
    # when it is opened again, and all of it comes back in the end
    again = replace(gone, cancelled_at=None, updated_at=NOON + 3 * HOUR)
    opened = []
    for hours in (3, 4):
        spender.tell(replace(again, updated_at=NOON + hours * HOUR))
        opened.append((spender.available, spender.read(redemption).points_returned))
    spender.tell(carrying(redemption, 5123, less(3), LAMP, updated_at=NOON + 5 * HOUR))
    # then only what the cancellation had given back was taken, once
    assert opened == [(933, 33), (933, 33)]
    assert spender.available == 1000
    assert spender.read(redemption).state == "returned"


def test_each_opening_of_an_order_takes_its_points_again(spender: Spender) -> None:
    redemption = spender.redeem()

    points = []
    for hours in range(5):
        at = NOON + hours * HOUR
        cancelled_at = at if hours % 2 else None
        told = carrying(redemption, cancelled_at=cancelled_at, updated_at=at)
        spender.tell(told, told)
        points.append(spender.available)

    assert points == [900, 1000, 900, 1000, 900]


def test_an_order_opened_again_unpaid_takes_its_points_once_it_is_paid(spender: Spender) -> None:
    redemption = spender.redeem()
    told = carrying(redemption)
    spender.tell(told, replace(told, cancelled_at=NOON + HOUR, updated_at=NOON + HOUR))

    spender.tell(replace(told, is_paid=False, updated_at=NOON + 2 * HOUR))
    unpaid = spender.available
    spender.tell(replace(told, updated_at=NOON + 3 * HOUR))

    assert (unpaid, spender.available) == (1000, 900)


def test_an_order_opened_again_may_leave_its_member_below_zero(
    session: Session, aurora: Shop, alice: Member
) -> None:
    spender = Spender(session, aurora, alice, points=100)
    redemption = spender.redeem()
    told = carrying(redemption)
    spender.tell(told, replace(told, cancelled_at=NOON + HOUR, updated_at=NOON + HOUR))
    spender.redeem()

    spender.tell(replace(told, updated_at=NOON + 2 * HOUR))

    assert spender.available == -100


def test_a_code_that_two_orders_carry_is_paid_for_twice(spender: Spender) -> None:
    redemption = spender.redeem()

    spender.tell(carrying(redemption, 1), carrying(redemption, 2))
    twice = spender.available
    spender.tell(carrying(redemption, 1, less(3), LAMP, updated_at=NOON + HOUR))

    assert (twice, spender.available) == (800, 900)
    row = spender.read(redemption)
    assert (row.state, row.order_id, row.flags) == ("returned", 1, ["used_twice"])
    assert spender.session.scalar(select(func.count()).select_from(RedemptionUse)) == 2


def test_a_code_used_while_it_is_being_taken_back_is_used(spender: Spender) -> None:
    redemption = spender.redeem()
    shop_id = spender.shop.shop_id
    begin(spender.session, shop_id, redemption.id, reason="void", actor=SYSTEM, now=NOON)

    spender.tell(carrying(redemption))
    finish(spender.session, shop_id, redemption.id, now=NOON)

    assert spender.read(redemption).state == "used"
    assert spender.available == 900


def test_an_order_faster_than_the_answer_of_shopify_uses_it(spender: Spender) -> None:
    redemption = spender.reserve()

    spender.tell(carrying(redemption))
    issue(spender.session, spender.shop.shop_id, redemption.id, discount_gid=DISCOUNT, now=NOON)

    used = spender.read(redemption)
    assert (used.state, used.discount_gid) == ("used", DISCOUNT)


def test_points_come_back_to_whom_the_redeemer_was_merged_into(spender: Spender) -> None:
    redemption = spender.redeem()
    spender.tell(carrying(redemption))
    carol = _enrol(spender, 503)
    merge(spender.session, spender.shop, carol.id, spender.member.id, actor=SYSTEM, now=NOON)

    spender.tell(carrying(redemption, 5123, less(3), LAMP, updated_at=NOON + HOUR))

    assert balance_of(spender.session, carol).available == 1000
    assert spender.available == 0


def test_an_order_of_somebody_else_spends_the_points_of_who_redeemed(spender: Spender) -> None:
    redemption, carol = spender.redeem(), _enrol(spender, 503)

    spender.tell(carrying(redemption, customer_id=503))
    spender.tell(carrying(redemption, 5123, less(1), LAMP, updated_at=NOON + HOUR))

    assert spender.available == 933
    assert balance_of(spender.session, carol).available == 0


def test_orders_in_one_batch_settle_as_one_by_one(spender: Spender) -> None:
    first, second = spender.redeem(), spender.redeem()
    assert first.code and second.code
    both = (CodeFacts(first.code, 500, ((1, 500),)), CodeFacts(second.code, 300, ((2, 300),)))
    told = carrying(first, 5123, less(1), LAMP, codes=both)

    spender.tell(carrying(second, 7), told, replace(told, updated_at=NOON + HOUR))

    # The second was used by order 7 first; 5123 takes 100 more, and 33 of the first came back.
    assert spender.available == 1000 - 300 + 33
    assert spender.read(second).flags == ["used_twice"]


def test_a_coupon_is_seen_as_used_when_a_paid_order_carries_it(spender: Spender) -> None:
    redemption, coupon = spender.redeem(), add_imported(spender.session, spender.shop, "A1", "B1")
    assert redemption.code
    hand(spender.session, spender.shop, coupon, [spender.member.id])
    codes = (CodeFacts("A1", 200), CodeFacts("B1", 100), CodeFacts(redemption.code, 500))
    unpaid = carrying(redemption, 7, codes=codes[:1], is_paid=False)

    spender.tell(unpaid, carrying(redemption, 8, codes=codes[1:], is_test=True))
    before = [code.state for code in codes_of(spender.session, spender.member)]
    spender.tell(carrying(redemption, codes=codes[:1] + codes[2:]))

    assert before == ["ready"]
    (used,) = codes_of(spender.session, spender.member)
    assert (used.code, used.state, used.order_id) == ("A1", "used", 5123)
    assert spender.read(redemption).state == "used"


def test_any_order_of_arrival_gives_the_same_points(spender: Spender) -> None:
    redemption = spender.redeem()
    one_back = carrying(
        redemption, 5123, less(1), LAMP, refunds=(a_refund(),), updated_at=NOON + HOUR
    )
    messages: tuple[OrderFacts | RefundFacts, ...] = (
        carrying(redemption),
        a_refund(),
        one_back,
        a_refund(78),
    )

    ends = set()
    for arrivals in permutations(messages):
        savepoint = spender.session.begin_nested()
        spender.tell(*arrivals)
        row = spender.read(redemption)
        ends.add((spender.available, row.state, row.points_returned))
        savepoint.rollback()

    # Two of three candles, one of which the order has not counted yet.
    assert ends == {(966, "used", 66)}


def _void(spender: Spender, redemption: Redemption) -> None:
    shop_id = spender.shop.shop_id
    begin(spender.session, shop_id, redemption.id, reason="void", actor=SYSTEM, now=NOON)
    finish(spender.session, shop_id, redemption.id, now=NOON)
    assert spender.read(redemption).state == "returned"


def _enrol(spender: Spender, customer_id: int) -> Member:
    facts = a_customer(customer_id, email=f"{customer_id}@example.com", first_name="Carol")
    customer = record_customer(spender.session, spender.shop, facts, now=NOON, is_backfill=False)
    return spender.session.get_one(Member, (spender.shop.shop_id, customer.member_id))


def _events(spender: Spender, kind: str) -> list[dict[str, object]]:
    spender.session.flush()
    found = spender.session.scalars(select(TimelineEvent).where(TimelineEvent.kind == kind))
    names = ("reward", "order_name")
    return [{name: event.details.get(name) for name in names} for event in found]
