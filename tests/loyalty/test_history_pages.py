"""A page of history stored at once is what the same page makes one by one."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from loyalty.base.db import enter_shop
from loyalty.members.enrolment import record_customer
from loyalty.members.facts import CustomerFacts
from loyalty.members.history import record_new_customers
from loyalty.members.tables import Customer
from loyalty.orders.facts import OrderFacts
from loyalty.orders.recording import record_all, record_order
from loyalty.programme.tables import Programme
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer, a_line, a_refund, an_order
from tests.loyalty.conftest import install_shop

BEFORE = NOON - timedelta(days=40)
THEN: dict[str, Any] = {"created_at": BEFORE, "processed_at": BEFORE, "updated_at": BEFORE}

CUSTOMERS = [
    (a_customer(501), 0),
    (a_customer(502, has_account=False, email=" Bob@Example.com "), 3),
    (a_customer(503, has_account=False, customer_since=None), 0),  # joins with a paid order
    (a_customer(504, has_account=False), 0),  # never does
    (a_customer(505), 2),  # was erased
    (a_customer(506, first_name="Known"), 2),  # is known already
]
ORDERS = [
    an_order(1, a_line(1), a_line(2, quantity=3), **THEN),
    an_order(2, customer_id=502, **THEN),
    an_order(3, customer_id=503, **THEN),
    an_order(4, customer_id=504, is_paid=False, **THEN),
    an_order(5, customer_id=505, **THEN),
    an_order(6, customer_id=None, **THEN),
    an_order(7, customer_id=999, **THEN),  # of nobody we have heard of
    an_order(8),  # earns
    an_order(9, refunds=(a_refund(91, 9),), **THEN),
    an_order(10, is_test=True, customer_id=504, **THEN),
    an_order(11, **THEN),  # is known already
    an_order(12, created_at=NOON, processed_at=BEFORE),  # imported
    an_order(13, cancelled_at=BEFORE, customer_id=506, **THEN),
]
# What a row says, its shop and our own ids apart.
TABLES = {
    "customer": "to_jsonb(t) - '{shop_id,member_id}'::text[]",
    "member": "to_jsonb(t) - '{shop_id,id}'::text[]",
    "member_balance": "to_jsonb(t) - '{shop_id,member_id}'::text[]",
    "timeline_event": "jsonb_build_array(kind, occurred_at)",
    "shop_order": "to_jsonb(t) - '{shop_id,member_id}'::text[]",
    "order_line": "to_jsonb(t) - '{shop_id}'::text[]",
    "refund": "to_jsonb(t) - '{shop_id}'::text[]",
    "ledger_entry": "jsonb_build_array(order_id, kind, points)",
}
OWNERS = """SELECT o.order_id, m.email, m.first_name FROM shop_order o JOIN member m
    ON m.shop_id = o.shop_id AND m.id = o.member_id WHERE o.shop_id = :shop ORDER BY 1"""


@pytest.mark.parametrize("enrolment", ["everyone", "joiners"])
def test_a_page_is_what_its_parts_are(session: Session, enrolment: str) -> None:
    at_once = _shop(session, "aurora", enrolment)
    new = record_new_customers(session, at_once, CUSTOMERS, now=NOON)
    _store_customers(session, at_once, [one for one in CUSTOMERS if one[0].customer_id not in new])
    _erase(session, at_once)
    record_all(session, at_once, ORDERS, now=NOON, is_backfill=True)
    made_at_once = _everything(session, at_once)

    one_by_one = _shop(session, "borealis", enrolment)
    _store_customers(session, one_by_one, CUSTOMERS)
    _erase(session, one_by_one)
    _store_orders(session, one_by_one, ORDERS)

    assert _everything(session, one_by_one) == made_at_once
    assert new == {501, 502, 503, 504, 505}


def test_a_page_again_stores_nothing(session: Session) -> None:
    shop = _shop(session, "aurora", "everyone")
    record_new_customers(session, shop, CUSTOMERS, now=NOON)
    record_all(session, shop, ORDERS, now=NOON, is_backfill=True)
    before = _everything(session, shop)

    assert record_new_customers(session, shop, CUSTOMERS, now=NOON) == set()
    record_all(session, shop, ORDERS, now=NOON, is_backfill=True)
    assert _everything(session, shop) == before


def test_an_empty_page_is_nothing(session: Session) -> None:
    shop = _shop(session, "aurora", "everyone")

    assert record_new_customers(session, shop, [], now=NOON) == set()
    record_all(session, shop, [], now=NOON, is_backfill=True)


def _shop(session: Session, handle: str, enrolment: str) -> Shop:
    """The shop with a customer and an order that it knows already."""
    shop = install_shop(session, handle, currency="EUR", timezone="Europe/Madrid")
    session.execute(
        update(Programme).where(Programme.shop_id == shop.shop_id).values(enrolment=enrolment)
    )
    session.flush()
    earlier = a_customer(506, updated_at=BEFORE, first_name="Earlier")
    record_customer(session, shop, earlier, now=NOON, is_backfill=False)
    known = an_order(11, customer_id=None, **(THEN | {"updated_at": BEFORE - timedelta(1)}))
    record_order(session, shop, known, now=NOON, is_backfill=False)
    return shop


def _store_customers(
    session: Session, shop: Shop, customers: list[tuple[CustomerFacts, int]]
) -> None:
    for facts, count in customers:
        record_customer(session, shop, facts, now=NOON, is_backfill=True, order_count=count)


def _store_orders(session: Session, shop: Shop, orders: list[OrderFacts]) -> None:
    for facts in orders:
        record_order(session, shop, facts, now=NOON, is_backfill=True)


def _erase(session: Session, shop: Shop) -> None:
    mine = (Customer.shop_id == shop.shop_id, Customer.customer_id == 505)
    session.execute(update(Customer).where(*mine).values(redacted_at=NOON, member_id=None))


def _everything(session: Session, shop: Shop) -> dict[str, list[Any]]:
    session.flush()
    session.expire_all()
    enter_shop(session, shop.shop_id)
    values = {"shop": shop.shop_id}
    found = {
        table: list(
            session.scalars(
                text(f"SELECT {what} AS said FROM {table} t WHERE shop_id = :shop ORDER BY 1"),
                values,
            )
        )
        for table, what in TABLES.items()
    }
    found["owners"] = [tuple(row) for row in session.execute(text(OWNERS), values)]
    return found
