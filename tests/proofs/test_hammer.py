"""The hammer: webhooks, tills, staff, nights and merges fall upon the same members at once.

No point is lost or doubled, and nobody is shown a deadlock.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.ledger.selfcheck import find_differences
from loyalty.members.enrolment import record_customer
from loyalty.shops.directory import install, register_shop_id
from tests.factories import payloads
from tests.factories.facts import a_customer
from tests.factories.payloads import Line, Terms
from tests.proofs import hammer
from tests.proofs.hammer import Field

pytestmark = pytest.mark.proof

CUSTOMERS = (501, 502, 503, 504, 505, 506)
ORDERS_EACH = 20
HOLD_DAYS = 14
EXPIRED_LOTS, EXPIRED_POINTS = 8, 3


@pytest.fixture
def field(database: None, request: pytest.FixtureRequest) -> Field:
    """A shop with six members and nothing earned."""
    with db.shopless_transaction() as session:
        shop_id = register_shop_id(session, "aurora.myshopify.com")
    with db.shop_transaction(shop_id) as session:
        long_ago = utc_now() - timedelta(days=60)
        shop = install(
            session,
            shop_id,
            domain="aurora.myshopify.com",
            name="Aurora",
            currency="USD",
            timezone="Europe/Madrid",
            email=None,
            now=long_ago,
        )
        members = tuple(
            record_customer(
                session,
                shop,
                a_customer(customer_id, email=f"{customer_id}@example.com"),
                now=long_ago,
                is_backfill=False,
            ).member_id
            for customer_id in CUSTOMERS
        )
    url = db.engine().url.set(drivername="postgresql").render_as_string(hide_password=False)
    return Field(url, shop_id, members)


def test_no_point_is_lost_or_doubled_when_all_fall_on_the_same_members(field: Field) -> None:
    # given
    _set(field, hold_days=HOLD_DAYS, till_grant_cap_per_day=1_000_000)
    _give_what_has_expired(field)
    messages, due = _orders()
    hammer.post_webhooks(field.database_url, field.shop_id, messages)
    blows = [
        hammer.drain_webhooks,
        hammer.drain_webhooks,
        hammer.grant_at_till,
        hammer.grant_at_till,
        hammer.deduct_by_hand,
        hammer.deduct_by_hand,
        hammer.run_nightly_jobs,
        hammer.run_nightly_jobs,
        hammer.merge_there_and_back,
        hammer.merge_there_and_back,
    ]

    # when
    done = hammer.strike(field, blows)

    # then
    print("\n" + ", ".join(f"{b.__name__} {n}" for b, n in zip(blows, done, strict=True)))
    assert _count(field, "inbox_row", "state = 'done'") == sum(done[:2]) == 2 * len(messages)
    assert _count(field, "ledger_entry", "kind = 'grant' AND source_kind = 'till'") == (
        len(CUSTOMERS) * hammer.GRANTS
    )
    granted = len(CUSTOMERS) * hammer.GRANTS * hammer.GRANTED
    assert _sum(field, "available + pending") == due + granted - sum(done[4:6])
    assert _entries(field, "expire") == -len(CUSTOMERS) * EXPIRED_LOTS * EXPIRED_POINTS
    assert _entries(field, "merge_in") == -_entries(field, "merge_out")
    assert min(sum(done[4:6]), sum(done[6:8])) > 0
    with db.shop_transaction(field.shop_id) as session:
        assert find_differences(session, field.shop_id) == []


def _orders() -> tuple[list[tuple[str, Any]], int]:
    """Every order's webhooks, and the points that must stand of them all in the end."""
    messages: list[tuple[str, Any]] = []
    due = 0
    for customer_id in CUSTOMERS:
        buyer = payloads.customer(id=customer_id, email=f"{customer_id}@example.com")
        for number in range(ORDERS_EACH):
            at = utc_now() - timedelta(days=1)
            price, quantity = Decimal(777 + 31 * number) / 100, 1 + number % 4
            line = Line(str(price), quantity)
            order = payloads.order([line], Terms(), buyer=buyer, at=at, number=1001 + number)
            messages.append(("orders/paid", order))
            award = int(price * quantity)
            later = at + timedelta(minutes=5)
            if number % 3 == 0:
                refund = payloads.refund(order, {line.id: 1}, at=later)
                messages.append(("refunds/create", refund))
                messages.append(("orders/updated", payloads.refunded(order, refund, at=later)))
                award -= award // quantity
            if number % 7 == 1:
                messages.append(("orders/cancelled", payloads.cancelled(order, at=later)))
                award = 0
            due += award
    return messages, due


def _give_what_has_expired(field: Field) -> None:
    """Lots whose last day is over, which no job has looked at yet."""
    yesterday = (utc_now() - timedelta(days=2)).date()
    with db.shop_transaction(field.shop_id) as session:
        for member_id in sorted(field.members):
            balance = lock_balance(session, field.shop_id, member_id)
            for number in range(EXPIRED_LOTS):
                key = f"old:{member_id}:{number}"
                cause = Cause("grant", key, "proof", key, "system:encore", utc_now())
                credit(
                    session,
                    balance,
                    cause,
                    points=EXPIRED_POINTS,
                    now=utc_now(),
                    last_valid_on=yesterday,
                )


def _entries(field: Field, kind: str) -> int:
    query = f"SELECT coalesce(sum(points), 0) FROM ledger_entry WHERE kind = '{kind}'"
    return int(_execute(field, query)[0][0])


def _set(field: Field, **values: object) -> None:
    names = ", ".join(f"{name} = %({name})s" for name in values)
    _execute(field, f"UPDATE programme SET {names}", values)


def _count(field: Field, table: str, condition: str) -> int:
    return int(_execute(field, f"SELECT count(*) FROM {table} WHERE {condition}")[0][0])


def _sum(field: Field, what: str) -> int:
    return int(_execute(field, f"SELECT sum({what}) FROM member_balance")[0][0])


def _execute(field: Field, query: str, values: dict[str, object] | None = None) -> list[Any]:
    with psycopg.connect(field.database_url) as connection:
        connection.execute(f"SET LOCAL encore.shop = '{field.shop_id}'")
        cursor = connection.execute(query, values)
        return cursor.fetchall() if cursor.description else []
