"""Many rows in one statement: whatever stands in them arrives as it was."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Compiled, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from loyalty.base.bulk import add_rows, among, insert_rows, put_rows, update_rows
from loyalty.base.ids import new_id
from loyalty.ledger.tables import Lot
from loyalty.members.tables import Customer, Member, TimelineEvent
from loyalty.orders.tables import RefundLine
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON

ODD = [
    'a "quoted" \\ word',
    "{curly, comma}",
    "NULL",
    "null",
    "",
    " blank ",
    "line\nline\ttab",
    "Ünïcode ✓",
]


def test_every_kind_of_value_arrives_as_it_was(session: Session, alice: Member) -> None:
    details: dict[str, Any] = {"text": ODD, "none": None, "number": 2**60, "truth": True}
    at = datetime(2026, 2, 28, 23, 59, 59, 123456, tzinfo=UTC)
    rows = [
        {"shop_id": alice.shop_id, "id": new_id(), "member_id": alice.id, "kind": text}
        | {"occurred_at": at + timedelta(microseconds=number), "details": details}
        for number, text in enumerate(ODD)
    ]

    insert_rows(session, TimelineEvent, rows)

    wanted = [row["id"] for row in rows]
    found = session.scalars(
        select(TimelineEvent)
        .where(TimelineEvent.shop_id == alice.shop_id, among(TimelineEvent.id, wanted))
        .order_by(TimelineEvent.id)
    )
    assert [{name: getattr(each, name) for name in rows[0]} for each in found] == rows


def test_what_is_there_is_brought_to_what_is_said(session: Session, aurora: Shop) -> None:
    old, new = a_row(aurora, 1, first_name="Ann"), a_row(aurora, 2, address={"city": "Rome"})
    put_rows(session, Customer, [old])

    put_rows(session, Customer, [old | {"first_name": None, "customer_since": NOON}, new])

    statement = select(Customer.first_name, Customer.customer_since, Customer.address)
    assert session.execute(statement.order_by(Customer.customer_id)).all() == [
        (None, NOON, None),
        (None, None, {"city": "Rome"}),
    ]


def test_rows_are_changed_by_their_keys_and_no_others(session: Session, aurora: Shop) -> None:
    insert_rows(session, Customer, [a_row(aurora, n, email_norm="old") for n in (1, 2, 3)])

    changes = [
        {"shop_id": aurora.shop_id, "customer_id": n, "email_norm": f"new {n}"} for n in (1, 3, 9)
    ]
    update_rows(session, Customer, ("shop_id", "customer_id"), changes)

    statement = select(Customer.email_norm).order_by(Customer.customer_id)
    assert session.scalars(statement).all() == ["new 1", "old", "new 3"]


def test_only_what_is_new_is_added_and_named(session: Session, aurora: Shop) -> None:
    insert_rows(session, Customer, [a_row(aurora, 1, first_name="Ann")])

    added = add_rows(session, Customer, [a_row(aurora, n) for n in (1, 2, 3)], "customer_id")

    assert added == {2, 3}
    assert session.scalar(select(Customer.first_name).where(Customer.customer_id == 1)) == "Ann"


def test_a_row_that_is_there_is_not_inserted_again(session: Session, aurora: Shop) -> None:
    insert_rows(session, Customer, [a_row(aurora, 1)])

    with pytest.raises(IntegrityError), session.begin_nested():
        insert_rows(session, Customer, [a_row(aurora, 2), a_row(aurora, 1)])


def test_no_rows_are_no_statement(session: Session, aurora: Shop) -> None:
    insert_rows(session, Customer, [])
    put_rows(session, Customer, [])

    assert add_rows(session, Customer, [], "customer_id") == set()
    assert session.scalars(select(RefundLine).where(among(RefundLine.line_id, []))).all() == []


def a_row(shop: Shop, customer_id: int, **changes: Any) -> dict[str, Any]:
    return {
        "shop_id": shop.shop_id,
        "customer_id": customer_id,
        "first_name": None,
        "email_norm": "",
        "has_verified_email": False,
        "has_account": False,
        "address": None,
        "customer_since": None,
    } | changes


def test_the_text_of_many_values_is_read_once_whatever_the_plan(session: Session) -> None:
    # A statement that is sent often is planned once for all values, and then perhaps as a filter.
    statement = select(Lot.id).where(Lot.shop_id == 1, among(Lot.member_id, [new_id()]))
    compiled = statement.compile(dialect=postgresql.dialect())

    plan = session.execute(text(f"EXPLAIN {_with_values(compiled)}")).scalars().all()

    assert any("InitPlan" in line for line in plan), plan


def _with_values(compiled: Compiled) -> str:
    """The statement as text, with its values written into it."""
    values = {name: f"'{value}'" for name, value in compiled.params.items()}
    return str(compiled) % values
