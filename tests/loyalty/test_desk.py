"""Many orders at once are what they are one by one, and cost no more statements."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select, text
from sqlalchemy.orm import Session

from loyalty import outbox
from loyalty.base.db import enter_shop
from loyalty.base.errors import ForeignCurrency
from loyalty.ledger.posting import Cause, debit, lock_balance
from loyalty.ledger.selfcheck import find_differences
from loyalty.members.tables import Member
from loyalty.orders.recording import Facts, record_all
from loyalty.orders.tables import Order
from loyalty.outbox import OutboxEvent
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer, a_line, a_refund, an_order
from tests.loyalty.conftest import balance_of, install_shop

HOUR = timedelta(hours=1)
ALICE, BOB = a_customer(501), a_customer(502, email="bob@example.com", first_name="Bob")
LINES = (a_line(1, quantity=3, gross_minor=3000), a_line(2, gross_minor=999))
CANCELLED = an_order(2, cancelled_at=NOON + HOUR, updated_at=NOON + HOUR)
HALF_BACK = an_order(
    1,
    a_line(1, quantity=3, current_quantity=2, gross_minor=3000),
    LINES[1],
    refunds=(a_refund(71, 1),),
    updated_at=NOON + HOUR,
)
TOLD: list[Facts] = [
    ALICE,
    an_order(1, *LINES, customer=BOB, customer_id=502, is_paid=False),
    an_order(2),
    a_refund(71, 1),
    an_order(1, *LINES, customer=BOB, customer_id=502),
    a_refund(74, 4, lines=(), money_minor=500),
    an_order(2),
    CANCELLED,
    an_order(3, customer_id=None),
    HALF_BACK,
    an_order(4),
    an_order(2, updated_at=NOON - HOUR),
    a_refund(73, 3),
]
# What a row says, its shop and our own ids apart.
TABLES = {
    "customer": "to_jsonb(t) - '{shop_id,member_id}'::text[]",
    "member_balance": "jsonb_build_array(available, pending, lifetime_earned, lifetime_burned)",
    "shop_order": "to_jsonb(t) - '{shop_id,member_id}'::text[]",
    "order_line": "to_jsonb(t) - '{shop_id}'::text[]",
    "refund": "to_jsonb(t) - '{shop_id}'::text[]",
    "refund_line": "to_jsonb(t) - '{shop_id}'::text[]",
    "award": "jsonb_build_array(order_id, number, basis, points, standing_points)",
    "award_line": "jsonb_build_array(order_id, number, line_id, quantity, basis)",
    "ledger_entry": "jsonb_build_array(order_id, kind, points, occurred_at, reason_code)",
    "lot": "jsonb_build_array(order_id, points, points_left, available_at)",
    "timeline_event": "jsonb_build_array(kind, details - 'entry_id')",
}


def test_a_batch_is_what_its_parts_are(session: Session) -> None:
    at_once = install_shop(session, "aurora", currency="EUR", timezone="Europe/Madrid")
    _record(session, at_once, TOLD)
    made_at_once = _everything(session, at_once)
    assert find_differences(session, at_once.shop_id) == []

    one_by_one = install_shop(session, "borealis", currency="EUR", timezone="Europe/Madrid")
    for facts in TOLD:
        _record(session, one_by_one, [facts])

    assert _everything(session, one_by_one) == made_at_once
    # 39 less floor(39 × 1000/3999) = 9, of Bob's; of Alice's the order that was not cancelled: 10
    # less floor(10 × 500/1000) = 5.
    assert [row[0] for row in made_at_once["member_balance"]] == [5, 30]


def test_a_batch_again_writes_nothing(session: Session, engine: Engine) -> None:
    shop = install_shop(session, "aurora", currency="EUR", timezone="Europe/Madrid")
    _record(session, shop, TOLD)

    with _statements(engine) as said:
        _record(session, shop, TOLD)

    assert [each for each in said if not each.startswith("SELECT")] == []


def test_fifty_orders_take_as_many_statements_as_two(session: Session, engine: Engine) -> None:
    shop = install_shop(session, "aurora", currency="EUR", timezone="Europe/Madrid")
    people = [a_customer(600 + n, email=f"{n}@example.com") for n in range(52)]
    _record(session, shop, people)
    orders = [an_order(n, *LINES, customer_id=600 + n) for n in range(52)]
    settings = get_programme(session, shop.shop_id)  # held, or the session may read them again

    with _statements(engine) as for_two:
        _record(session, shop, orders[:2])
    with _statements(engine) as for_fifty:
        _record(session, shop, orders[2:])

    assert len(for_fifty) == len(for_two)
    assert settings.shop_id == shop.shop_id


def test_a_batch_with_an_order_in_other_money_stores_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    with pytest.raises(ForeignCurrency):
        _record(session, aurora, [an_order(1), an_order(2, currency="USD")])

    assert balance_of(session, alice).available == 0
    assert _everything(session, aurora)["shop_order"] == []


def test_an_order_without_points_is_told_of_its_member(
    session: Session, aurora: Shop, alice: Member
) -> None:
    unpaid = an_order(1, is_paid=False)
    heard = _told_of(session, alice)

    _record(session, aurora, [unpaid])
    _record(session, aurora, [unpaid])

    assert balance_of(session, alice).available == 0
    assert _told_of(session, alice) == heard + 1


def test_history_read_in_bulk_is_told_of_nobody(
    session: Session, aurora: Shop, alice: Member
) -> None:
    long_ago = aurora.installed_at - timedelta(days=400)
    heard = _told_of(session, alice)

    order = an_order(1, created_at=long_ago, processed_at=long_ago, updated_at=long_ago)
    record_all(session, aurora, [order], now=NOON, is_backfill=True)

    assert session.get_one(Order, (aurora.shop_id, 1)).is_history
    assert _told_of(session, alice) == heard


def test_points_that_were_forgiven_are_not_given_again_when_the_order_reopens(
    session: Session, aurora: Shop, alice: Member
) -> None:
    # given ten points that were spent before their order was cancelled
    get_programme(session, aurora.shop_id).negative_balance = "clamp"
    _record(session, aurora, [an_order(2)])
    cause = Cause("redeem", "redemption:1", "test", "1", "test", NOON)
    debit(session, lock_balance(session, aurora.shop_id, alice.id), cause, points=10, now=NOON)
    _record(session, aurora, [CANCELLED])
    assert balance_of(session, alice).available == 0
    # when
    _record(session, aurora, [an_order(2, updated_at=NOON + 2 * HOUR)])
    # then 10 of 10 stand again, and 10 were never taken: 10 − 10 = 0 are credited
    assert balance_of(session, alice).available == 0
    assert find_differences(session, aurora.shop_id) == []


def _told_of(session: Session, member: Member) -> int:
    """How often somebody was told to look at the member."""
    told = select(func.count()).where(
        OutboxEvent.member_id == member.id, OutboxEvent.kind == outbox.MEMBER_CHANGED
    )
    return session.scalars(told).one()


def _record(session: Session, shop: Shop, told: Sequence[Facts]) -> None:
    record_all(session, shop, told, now=NOON, is_backfill=False)


def _everything(session: Session, shop: Shop) -> dict[str, list[Any]]:
    enter_shop(session, shop.shop_id)
    return {
        table: list(
            session.scalars(
                text(f"SELECT {what} AS said FROM {table} t WHERE shop_id = :shop ORDER BY 1"),
                {"shop": shop.shop_id},
            )
        )
        for table, what in TABLES.items()
    }


@contextmanager
def _statements(engine: Engine) -> Iterator[list[str]]:
    """The statements that are sent while this is entered."""
    said: list[str] = []

    def listen(_: Any, __: Any, statement: str, *___: Any) -> None:
        said.append(statement.strip())

    event.listen(engine, "before_cursor_execute", listen)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", listen)
