"""Orders, refunds and cancellations become points, whichever webhook comes first."""

from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.errors import ForeignCurrency
from loyalty.ledger.selfcheck import find_differences
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import Customer, Member
from loyalty.orders.recording import record_order, record_refund
from loyalty.programme.rules import get_programme, list_active_rules
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer, a_line, a_refund, an_order
from tests.loyalty.conftest import balance_of

LATER = NOON + timedelta(hours=1)


def points(session: Session) -> list[tuple[str, int]]:
    rows = session.execute(select(LedgerEntry.kind, LedgerEntry.points).order_by(LedgerEntry.id))
    return [(kind, value) for kind, value in rows]


def test_a_paid_order_earns_the_floor_of_its_amount(
    session: Session, aurora: Shop, alice: Member
) -> None:
    record_order(
        session, aurora, an_order(5123, a_line(gross_minor=2999)), now=NOON, is_backfill=False
    )

    [entry] = session.scalars(select(LedgerEntry))
    rule = list_active_rules(session, aurora.shop_id)[0]
    assert (entry.kind, entry.points) == ("earn_order", 29)
    assert entry.idempotency_key == f"order:5123:rule:{rule.id}:v1"


def test_an_unpaid_order_earns_when_it_is_paid(
    session: Session, aurora: Shop, alice: Member
) -> None:
    record_order(session, aurora, an_order(is_paid=False), now=NOON, is_backfill=False)
    assert points(session) == []

    record_order(session, aurora, an_order(is_paid=True), now=NOON, is_backfill=False)

    assert points(session) == [("earn_order", 10)]


def test_discounts_included_tax_gift_cards_and_tips_earn_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    lines = (
        a_line(1, gross_minor=12100, discount_minor=1100, included_tax_minor=1909),
        a_line(2, gross_minor=5000, is_gift_card=True),
        a_line(3, gross_minor=300, is_tip=True),
    )

    record_order(session, aurora, an_order(5123, *lines), now=NOON, is_backfill=False)

    # 121.00 − 11.00 − 19.09 = 90.91 → 90
    assert points(session) == [("earn_order", 90)]


def test_the_same_order_again_writes_nothing(session: Session, aurora: Shop, alice: Member) -> None:
    for _ in range(3):
        record_order(session, aurora, an_order(), now=NOON, is_backfill=False)

    assert points(session) == [("earn_order", 10)]


def test_a_refund_takes_back_only_its_share(session: Session, aurora: Shop, alice: Member) -> None:
    line = a_line(quantity=3, gross_minor=2999)
    record_order(session, aurora, an_order(5123, line), now=NOON, is_backfill=False)

    record_refund(session, aurora, a_refund(lines=((1, 1),)), now=LATER)

    # 29 − floor(29 × 1/3) = 20
    assert points(session) == [("earn_order", 29), ("earn_reversal", -9)]


def test_refund_and_order_update_count_once_in_any_order(
    session: Session, aurora: Shop, alice: Member
) -> None:
    whole = a_line(quantity=3, gross_minor=2999)
    rest = a_line(quantity=3, current_quantity=2, gross_minor=2999)
    refund = a_refund(lines=((1, 1),))
    arrivals = {
        "paid": lambda: record_order(
            session, aurora, an_order(5123, whole), now=NOON, is_backfill=False
        ),
        "refund": lambda: record_refund(session, aurora, refund, now=LATER),
        "updated": lambda: record_order(
            session,
            aurora,
            an_order(5123, rest, refunds=(refund,), updated_at=LATER),
            now=LATER,
            is_backfill=False,
        ),
    }
    for names in permutations(arrivals):
        with session.begin_nested() as savepoint:
            for name in names:
                arrivals[name]()
            assert balance_of(session, alice).available == 20, names
            assert find_differences(session, aurora.shop_id) == []
            savepoint.rollback()
        session.expire_all()


def test_a_money_only_refund_takes_its_share_of_the_total(
    session: Session, aurora: Shop, alice: Member
) -> None:
    facts = an_order(5123, a_line(gross_minor=10000), total_minor=12500)
    record_order(session, aurora, facts, now=NOON, is_backfill=False)

    record_refund(session, aurora, a_refund(lines=(), money_minor=2500), now=LATER)

    # 100 points; 25.00 of 125.00 paid is a fifth
    assert points(session) == [("earn_order", 100), ("earn_reversal", -20)]


def test_money_refunds_take_nothing_where_the_shop_says_so(
    session: Session, aurora: Shop, alice: Member
) -> None:
    get_programme(session, aurora.shop_id).money_refunds = "ignore"
    record_order(session, aurora, an_order(), now=NOON, is_backfill=False)

    record_refund(session, aurora, a_refund(lines=(), money_minor=500), now=LATER)

    assert points(session) == [("earn_order", 10)]


def test_a_cancelled_order_keeps_no_points(session: Session, aurora: Shop, alice: Member) -> None:
    record_order(session, aurora, an_order(), now=NOON, is_backfill=False)

    cancelled = an_order(cancelled_at=LATER, updated_at=LATER)
    record_order(session, aurora, cancelled, now=LATER, is_backfill=False)

    assert balance_of(session, alice).available == 0
    assert balance_of(session, alice).lifetime_earned == 0


def test_an_older_state_of_the_order_is_ignored(
    session: Session, aurora: Shop, alice: Member
) -> None:
    cancelled = an_order(cancelled_at=LATER, updated_at=LATER)
    record_order(session, aurora, cancelled, now=LATER, is_backfill=False)

    record_order(session, aurora, an_order(), now=LATER, is_backfill=False)

    assert balance_of(session, alice).available == 0


def test_lines_added_later_make_a_further_award(
    session: Session, aurora: Shop, alice: Member
) -> None:
    record_order(session, aurora, an_order(5123, a_line(1)), now=NOON, is_backfill=False)

    edited = an_order(5123, a_line(1), a_line(2, gross_minor=550), updated_at=LATER)
    record_order(session, aurora, edited, now=LATER, is_backfill=False)

    assert points(session) == [("earn_order", 10), ("earn_order", 5)]


def test_test_orders_and_history_earn_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    before_install = NOON - timedelta(days=60)

    record_order(session, aurora, an_order(1, is_test=True), now=NOON, is_backfill=False)
    old = an_order(2, created_at=before_install, processed_at=before_install)
    record_order(session, aurora, old, now=NOON, is_backfill=True)

    assert points(session) == []


def test_history_that_comes_again_by_webhook_still_earns_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    before_install = NOON - timedelta(days=60)
    old = an_order(2, created_at=before_install, processed_at=before_install)
    record_order(session, aurora, old, now=NOON, is_backfill=True)

    record_order(session, aurora, old, now=NOON, is_backfill=False)

    assert points(session) == []


@pytest.mark.parametrize("states", [(False, True), (True, False), (True,)])
def test_an_order_placed_before_the_install_is_history_whichever_state_comes_first(
    session: Session, aurora: Shop, alice: Member, states: tuple[bool, ...]
) -> None:
    before_install = NOON - timedelta(days=60)

    for is_paid in states:
        facts = an_order(2, is_paid=is_paid, created_at=before_install, processed_at=before_install)
        record_order(session, aurora, facts, now=NOON, is_backfill=False)

    assert points(session) == []


def test_a_paid_order_enrols_its_customer(session: Session, aurora: Shop) -> None:
    guest = a_customer(777, has_account=False, updated_at=None)

    record_order(
        session, aurora, an_order(customer=guest, customer_id=777), now=NOON, is_backfill=False
    )

    customer = session.get_one(Customer, (aurora.shop_id, 777))
    assert customer.member_id is not None
    assert points(session) == [("earn_order", 10)]


def test_where_people_must_join_an_order_enrols_nobody(session: Session, aurora: Shop) -> None:
    get_programme(session, aurora.shop_id).enrolment = "joiners"
    guest = a_customer(777, updated_at=None)

    record_order(
        session, aurora, an_order(customer=guest, customer_id=777), now=NOON, is_backfill=False
    )

    assert session.get_one(Customer, (aurora.shop_id, 777)).member_id is None


def test_an_order_in_another_currency_is_refused(
    session: Session, aurora: Shop, alice: Member
) -> None:
    with pytest.raises(ForeignCurrency):
        record_order(session, aurora, an_order(currency="USD"), now=NOON, is_backfill=False)


def test_held_points_are_reversed_before_they_are_free(
    session: Session, aurora: Shop, alice: Member
) -> None:
    get_programme(session, aurora.shop_id).hold_days = 14
    line = a_line(quantity=2, gross_minor=2000)
    record_order(session, aurora, an_order(5123, line), now=NOON, is_backfill=False)

    record_refund(session, aurora, a_refund(), now=LATER)

    figures = balance_of(session, alice)
    assert (figures.available, figures.pending) == (0, 10)
