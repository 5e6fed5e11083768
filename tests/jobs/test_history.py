"""A shop's history is credited batch by batch: a crash loses nothing, and a look leaves nothing."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from jobs import history
from jobs.operating import OPERATOR
from loyalty.audit import AuditRow
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.earning.history import Credited, credit_batch
from loyalty.ledger.selfcheck import find_differences
from loyalty.ledger.tables import LedgerEntry
from loyalty.orders.recording import record_order
from loyalty.orders.tables import Order
from loyalty.outbox import OutboxEvent
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer, a_line, an_order
from tests.jobs.conftest import Aurora, install_committed
from tests.loyalty.tiers.cast import have_tiers

SINCE = date(2020, 1, 1)
CUSTOMERS = (501, 502, 503)
ORDERS = Credited(orders=9, points=90)


@pytest.fixture
def shop_id(aurora: Aurora) -> int:
    """Aurora with three members of three orders of 10.00 each, all from before the install."""
    placed_at = NOON - timedelta(days=400)
    with db.shop_transaction(aurora.shop_id) as session:
        shop = session.get_one(Shop, aurora.shop_id)
        shop.earning_since = utc_now()
        for number in range(9):
            customer_id = CUSTOMERS[number % 3]
            facts = an_order(
                number + 1,
                a_line(number + 1),
                customer_id=customer_id,
                customer=a_customer(customer_id, email=f"{customer_id}@example.com"),
                created_at=placed_at + timedelta(days=number),
                processed_at=placed_at + timedelta(days=number),
            )
            record_order(session, shop, facts, now=utc_now(), is_backfill=True)
    return aurora.shop_id


def held(shop_id: int) -> dict[UUID, int]:
    """Member → what the ledger says that they have."""
    with db.shop_transaction(shop_id) as session:
        statement = select(LedgerEntry.member_id, func.sum(LedgerEntry.points))
        rows = session.execute(statement.group_by(LedgerEntry.member_id)).all()
        return {member_id: int(points) for member_id, points in rows}


def everything(shop_id: int) -> list[int]:
    """How many rows there are of what a credit writes, and how much is history still."""
    tables = (LedgerEntry, OutboxEvent, AuditRow)
    with db.shop_transaction(shop_id) as session:
        counts = [session.scalar(select(func.count()).select_from(table)) for table in tables]
        left = session.scalar(select(func.count()).select_from(Order).where(Order.is_history))
        return [each or 0 for each in (*counts, left)]


def test_batches_come_to_the_whole(shop_id: int) -> None:
    credited = history.credit(shop_id, SINCE, actor=OPERATOR, limit=2)

    assert credited == ORDERS
    assert sorted(held(shop_id).values()) == [30, 30, 30]
    with db.shop_transaction(shop_id) as session:
        assert find_differences(session, shop_id) == []


def test_whoever_died_halfway_is_gone_on_for_and_nothing_counts_twice(shop_id: int) -> None:
    # given a run that was killed after its first batch
    with db.shop_transaction(shop_id) as session:
        shop = get_shop(session, shop_id)
        died = credit_batch(
            session, shop, SINCE, after=None, actor=OPERATOR, now=utc_now(), limit=4
        )
    # when
    rest = history.credit(shop_id, SINCE, actor=OPERATOR, limit=4)
    # then
    assert died.credited.orders == 3
    assert died.credited + rest == ORDERS
    assert sorted(held(shop_id).values()) == [30, 30, 30]


@pytest.mark.parametrize("limit", [1, 2, 4, 500])
def test_a_dry_run_leaves_nothing_and_says_what_is_credited_then(shop_id: int, limit: int) -> None:
    # given a tier by which an earlier order changes what the next one earns
    with db.shop_transaction(shop_id) as session:
        have_tiers(session, get_shop(session, shop_id), ("Gold", 10, "3"), metric="points")
    before = everything(shop_id)
    # when
    seen = history.dry_run(shop_id, SINCE, actor=OPERATOR, limit=limit)
    # then 10, and twice 30, of each
    assert everything(shop_id) == before
    assert seen == Credited(orders=9, points=3 * 70)
    assert history.credit(shop_id, SINCE, actor=OPERATOR, limit=limit) == seen
    assert sorted(held(shop_id).values()) == [70, 70, 70]


def test_another_shops_history_stays_history(shop_id: int) -> None:
    borealis = install_committed("borealis")

    assert history.credit(borealis.shop_id, SINCE, actor=OPERATOR) == Credited(0, 0)

    assert held(shop_id) == {}
