"""Orders on their usual way: a paid one that carries a coupon's code uses it, for good."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.coupons.tables import CouponCode
from loyalty.members.tables import Member
from loyalty.orders.facts import CodeFacts
from loyalty.orders.recording import record_order, record_refund
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_line, a_refund, an_order
from tests.loyalty.coupons.cast import add_imported, codes_of, hand, said


@pytest.fixture
def code(session: Session, aurora: Shop, alice: Member) -> CouponCode:
    """Alice's code A1."""
    hand(session, aurora, add_imported(session, aurora, "A1"), [alice.id])
    return codes_of(session, alice)[0]


def order(session: Session, shop: Shop, *, is_backfill: bool = False, **changes: Any) -> None:
    """An order of 20.00, of which the code takes 5.00."""
    lines = (a_line(gross_minor=2000, discount_minor=500),)
    carried = (CodeFacts("A1", 500, ((1, 500),)),)
    facts = an_order(5123, *lines, **{"codes": carried} | changes)
    record_order(session, shop, facts, now=NOON, is_backfill=is_backfill)


@pytest.mark.parametrize("is_backfill", [False, True])
def test_a_paid_order_uses_the_code(
    session: Session, aurora: Shop, alice: Member, code: CouponCode, is_backfill: bool
) -> None:
    for _ in range(2):
        order(session, aurora, is_backfill=is_backfill)

    assert (code.state, code.order_id, code.used_at) == ("used", 5123, NOON)
    assert len(said(session, alice, timeline.COUPON_USED)) == 1


def test_an_unpaid_order_uses_it_once_it_is_paid(
    session: Session, aurora: Shop, code: CouponCode
) -> None:
    order(session, aurora, is_paid=False)
    assert code.state == "ready"

    order(session, aurora, updated_at=NOON + timedelta(hours=1))

    assert code.state == "used"


def test_an_unpaid_order_that_is_cancelled_leaves_the_code(
    session: Session, aurora: Shop, code: CouponCode
) -> None:
    later = NOON + timedelta(hours=1)
    order(session, aurora, is_paid=False)
    order(session, aurora, is_paid=False, cancelled_at=later, updated_at=later)

    assert code.state == "ready"


def test_a_test_order_uses_nothing(session: Session, aurora: Shop, code: CouponCode) -> None:
    order(session, aurora, is_test=True)

    assert code.state == "ready"


def test_a_strangers_order_uses_it_too(
    session: Session, aurora: Shop, alice: Member, code: CouponCode
) -> None:
    order(session, aurora, customer_id=None)

    assert (code.state, code.member_id) == ("used", alice.id)


def test_a_refund_and_a_cancellation_give_no_coupon_back(
    session: Session, aurora: Shop, code: CouponCode
) -> None:
    order(session, aurora)
    record_refund(session, aurora, a_refund(), now=NOON)
    later = NOON + timedelta(hours=2)
    order(session, aurora, cancelled_at=later, updated_at=later)

    assert code.state == "used"
