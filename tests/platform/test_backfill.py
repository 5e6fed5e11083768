"""The history at install: everything once, however it is interrupted, and shown (R12)."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from config import Settings
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.db import Base
from loyalty.base.ids import new_id
from loyalty.insights.tables import InsightRun
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import Customer, Member
from loyalty.orders.tables import Order, OrderCode, OrderLine, OrderLineCode
from loyalty.shops.tables import Location
from shopify_app.platform import backfill, backfill_runs, client, inbox, inbox_writer, installations
from shopify_app.platform.backfill import readers, steps
from shopify_app.platform.backfill.progress import Progress
from shopify_app.platform.session_tokens import verify
from shopify_app.platform.tables import BackfillRun, Installation
from tests.platform.shopify import Shopify


@pytest.fixture
def shop_id(shopify: Shopify, connected: Settings) -> int:
    """Aurora, installed a moment ago, its history not yet read."""
    return installations.ensure_installed(verify(shopify.id_token(), connected))


def test_everything_of_the_shop_arrives(shopify: Shopify, shop_id: int) -> None:
    _run_to_the_end(shop_id)

    counts = shopify.state()["counts"]
    recent = _recent_orders(shop_id)
    with db.shop_transaction(shop_id) as session:
        stored = {
            table.__tablename__: session.scalar(select(func.count()).select_from(table))
            for table in (Location, Customer, Order)
        }
        assert session.scalar(select(func.count()).select_from(OrderLine))
    assert stored["location"] == counts["Location"]
    assert stored["customer"] == counts["Customer"]
    assert 0 < stored["shop_order"] == recent
    progress = _progress(shop_id)
    assert progress.state == "done"
    assert [subject.subject for subject in progress.subjects] == list(backfill_runs.SUBJECTS)
    assert progress.subjects[-1].objects_read == progress.subjects[-1].objects_total == recent


def test_history_makes_members_but_no_points(shop_id: int) -> None:
    _run_to_the_end(shop_id)

    with db.shop_transaction(shop_id) as session:
        assert session.scalar(select(func.count()).select_from(Member))
        assert session.scalar(select(func.count()).select_from(LedgerEntry)) == 0


def test_members_are_scored_once_their_history_is_there(shop_id: int) -> None:
    """By the first night they were scored without it."""
    _run_to_the_end(shop_id)

    with db.shop_transaction(shop_id) as session:
        assert session.scalars(select(InsightRun.state)).all() == ["asked"]


def test_running_it_twice_changes_nothing(shop_id: int) -> None:
    _run_to_the_end(shop_id)
    before = _everything(shop_id)

    with db.shop_transaction(shop_id) as session:
        backfill.start(session, shop_id, now=utc_now())
    _run_to_the_end(shop_id)

    assert _everything(shop_id) == before


def test_a_killed_run_goes_on_where_it_stood(shop_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # given batches of five orders, and a death after two of them
    monkeypatch.setattr(readers, "BATCH_OBJECTS", 5)
    _run_until(shop_id, "orders", "reading")
    with pytest.raises(_Killed):
        _die_after_batches(monkeypatch, 2)
        steps.take_step(shop_id)
    monkeypatch.undo()
    monkeypatch.setattr(readers, "BATCH_OBJECTS", 5)
    assert _run(shop_id, "orders").objects_read == 10
    # when its lease is over
    assert steps.take_step(shop_id) is not None and _run(shop_id, "orders").state == "reading"
    _let_leases_end(shop_id)
    _run_to_the_end(shop_id)
    # then
    assert _run(shop_id, "orders").objects_read == _recent_orders(shop_id)
    with db.shop_transaction(shop_id) as session:
        orders = session.scalar(select(func.count()).select_from(Order))
    assert orders == _recent_orders(shop_id)


def test_a_result_that_breaks_off_is_fetched_again(shopify: Shopify, shop_id: int) -> None:
    _run_until(shop_id, "customers", "reading")
    shopify.fail("files", "cut", count=1)

    steps.take_step(shop_id)

    run = _run(shop_id, "customers")
    assert (run.state, run.attempts, run.objects_read) == ("reading", 1, 0)
    _let_leases_end(shop_id)
    _run_to_the_end(shop_id)
    assert _run(shop_id, "customers").objects_read == shopify.state()["counts"]["Customer"]


def test_a_bulk_operation_that_fails_is_asked_for_again(shopify: Shopify, shop_id: int) -> None:
    shopify.fail("bulk", "fail", count=1, after=3)

    _run_to_the_end(shop_id)

    assert _progress(shop_id).state == "done"


def test_a_scope_that_is_missing_is_told_and_stops_nothing_else(
    shopify: Shopify, connected: Settings
) -> None:
    shop_id = installations.ensure_installed(verify(shopify.id_token(), connected))
    scopes = shopify.state()["scopes"]
    # Who may write may read.
    kept = [scope for scope in scopes if not scope.endswith("_customers")]
    shopify.tell("scopes", scopes=kept)
    try:
        _run_to_the_end(shop_id)
    finally:
        shopify.tell("scopes", scopes=scopes)

    states = {subject.subject: subject.state for subject in _progress(shop_id).subjects}
    assert states["customers"] == "failed" and states["locations"] == "done"
    assert "ACCESS_DENIED" in (_run(shop_id, "customers").error or "")


def test_a_shop_without_a_token_waits_without_using_up_its_attempts(
    shopify: Shopify, shop_id: int
) -> None:
    shopify.tell("tokens/expire", refresh=True)

    steps.take_step(shop_id)

    run = _run(shop_id, "shop")
    assert (run.state, run.attempts) == ("waiting", 0) and run.next_at > utc_now()


def test_an_order_that_also_comes_by_webhook_counts_once(shopify: Shopify, shop_id: int) -> None:
    # given an order placed after the install, on its way by webhook and in the history
    customer = shopify.ask("customers")[0]
    order = shopify.tell("orders", customer_id=customer["id"], lines=[_line("10.00", 3)])
    _run_until(shop_id, "orders", "reading")
    _arrive(shop_id, order, "orders/paid")
    # when
    inbox.drain(shop_id)
    _run_to_the_end(shop_id)
    _arrive(shop_id, order, "orders/updated")
    inbox.drain(shop_id)
    # then
    with db.shop_transaction(shop_id) as session:
        points = session.scalars(select(LedgerEntry.points)).all()
        orders = session.scalars(select(Order).where(Order.order_id == order["id"])).all()
    assert len(orders) == 1 and not orders[0].is_history
    assert points == [30]


def test_the_same_order_says_the_same_by_webhook_by_bulk_and_by_id(
    shopify: Shopify, shop_id: int
) -> None:
    # given an order with a code, discounts, included tax, a tip, a gift card and a refund
    customer = shopify.ask("customers")[0]
    order = shopify.tell(
        "orders",
        customer_id=customer["id"],
        lines=[_line("19.99", 3), {**_line("25.00", 1), "gift_card": True}],
        discounts=[
            {"title": "Ten off", "value": "10.00"},
            {"code": _code_for(shop_id, "6.00").lower()},
        ],
        shipping="4.90",
        tip="3.00",
        tax_rate="0.21",
        taxes_included=True,
    )
    line_id = order["line_items"][0]["id"]
    order = shopify.tell(f"orders/{order['id']}/refunds", lines=[{"line_id": line_id}])
    # when it came by webhook
    _arrive(shop_id, order, "orders/updated")
    inbox.drain(shop_id)
    by_webhook = _order_row(shop_id, order["id"])
    assert [row["amount_minor"] for row in by_webhook["codes"]] == [600, 600]
    assert by_webhook["codes"][0]["code"] == "ENC-7KQM-X2PD"
    # then by bulk and by id it is the same
    _run_to_the_end(shop_id)
    assert _order_row(shop_id, order["id"]) == by_webhook
    with db.shop_transaction(shop_id) as session:
        backfill_runs.ask_for_order(session, shop_id, order["id"], now=utc_now())
    _run_to_the_end(shop_id)
    assert _order_row(shop_id, order["id"]) == by_webhook


def test_an_edited_order_is_read_again(shopify: Shopify, shop_id: int) -> None:
    # given
    _run_to_the_end(shop_id)
    customer = shopify.ask("customers")[0]
    order = shopify.tell("orders", customer_id=customer["id"], lines=[_line("10.00", 3)])
    _arrive(shop_id, order, "orders/paid")
    inbox.drain(shop_id)
    line_id = order["line_items"][0]["id"]
    shopify.tell(f"orders/{order['id']}/edit", remove=[{"line_id": line_id, "quantity": 1}])
    # when only the news of the edit comes
    _arrive(shop_id, {"order_edit": {"order_id": order["id"]}}, "orders/edited")
    inbox.drain(shop_id)
    _run_to_the_end(shop_id)
    # then
    with db.shop_transaction(shop_id) as session:
        left = session.scalars(
            select(OrderLine.current_quantity).where(OrderLine.order_id == order["id"])
        ).all()
        points = session.scalar(select(func.sum(LedgerEntry.points)))
        assert session.scalars(select(BackfillRun).where(BackfillRun.generation == 0)).all() == []
    assert (left, points) == ([2], 20)


def test_progress_says_how_far_back_it_may_look(shop_id: int) -> None:
    assert _progress(shop_id).history_days == 60
    with db.shop_transaction(shop_id) as session:
        session.execute(update(Installation).values(scopes="read_orders,read_all_orders"))

    assert _progress(shop_id).history_days is None


def test_the_finish_webhook_cuts_the_wait_short(shopify: Shopify, shop_id: int) -> None:
    _run_until(shop_id, "customers", "asked")
    run = _run(shop_id, "customers")
    with db.shop_transaction(shop_id) as session:
        session.execute(update(BackfillRun).values(next_at=utc_now() + timedelta(hours=1)))

    _arrive(shop_id, {"admin_graphql_api_id": run.bulk_operation_id}, "bulk_operations/finish")
    inbox.drain(shop_id)

    assert _run(shop_id, "customers").next_at <= utc_now()


class _Killed(BaseException):
    """A kill that no handler catches."""


def _die_after_batches(monkeypatch: pytest.MonkeyPatch, batches: int) -> None:
    seen: list[int] = []

    def point(name: str, **_: object) -> None:
        seen.append(1)
        if len(seen) == batches:
            raise _Killed

    monkeypatch.setattr(readers.faults, "point", point)


def _run_to_the_end(shop_id: int) -> None:
    for _ in range(60):
        _let_leases_end(shop_id)
        if steps.take_step(shop_id) is None:
            return
    raise AssertionError("the back-fill does not end")


def _run_until(shop_id: int, subject: str, state: str) -> None:
    for _ in range(60):
        if _run(shop_id, subject).state == state:
            _let_leases_end(shop_id)
            return
        _let_leases_end(shop_id)
        steps.take_step(shop_id)
    raise AssertionError(f"{subject} never came to {state}")


def _let_leases_end(shop_id: int) -> None:
    """Make due what is due within the hour; what waits for another subject goes on waiting."""
    now = utc_now()
    with db.shop_transaction(shop_id) as session:
        session.execute(
            update(BackfillRun)
            .where(BackfillRun.next_at < now + timedelta(hours=2))
            .values(next_at=now)
        )


def _run(shop_id: int, subject: str) -> BackfillRun:
    with db.shop_transaction(shop_id) as session:
        return session.scalars(select(BackfillRun).where(BackfillRun.subject == subject)).one()


def _progress(shop_id: int) -> Progress:
    with db.shop_transaction(shop_id) as session:
        return backfill.progress(session, shop_id)


def _everything(shop_id: int) -> list[Any]:
    with db.shop_transaction(shop_id) as session:
        return [
            session.scalar(select(func.count()).select_from(table))
            for table in (Location, Customer, Member, Order, OrderLine, LedgerEntry)
        ]


def _line(price: str, quantity: int) -> dict[str, Any]:
    return {"title": "Oat soap", "price": price, "quantity": quantity}


def _recent_orders(shop_id: int) -> int:
    """How many orders Shopify counted that the app may read."""
    total = _run(shop_id, "orders").objects_total
    assert total
    return total


def _order_row(shop_id: int, order_id: int) -> dict[str, Any]:
    """An order and its lines as stored, without when Shopify changed it."""
    with db.shop_transaction(shop_id) as session:
        order = session.get_one(Order, (shop_id, order_id))
        lines = session.scalars(
            select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.line_id)
        ).all()
        codes = [
            session.scalars(select(model).where(model.order_id == order_id)).all()
            for model in (OrderCode, OrderLineCode)
        ]
        columns = [c.key for c in Order.__table__.columns if c.key != "shopify_updated_at"]
        return {
            "order": {name: getattr(order, name) for name in columns},
            "lines": [_columns(line) for line in lines],
            "codes": [_columns(code) for code in (*codes[0], *codes[1])],
        }


def _code_for(shop_id: int, amount: str) -> str:
    """A discount code that is made in Shopify, for so much off an order."""
    code = "ENC-7KQM-X2PD"
    value = {"discountAmount": {"amount": amount, "appliesOnEachItem": False}}
    wanted = {
        "title": code,
        "code": code,
        "startsAt": (utc_now() - timedelta(days=1)).isoformat(),
        "context": {"all": "ALL"},
        "customerGets": {"value": value, "items": {"all": True}},
    }
    client.execute(shop_id, "discount_code_basic_create", {"discount": wanted})
    return code


def _columns(row: Base) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}


def _arrive(shop_id: int, payload: dict[str, Any], topic: str) -> None:
    """A webhook that is already in the inbox."""
    now = utc_now()
    inbox_writer.of_this_process().store(
        inbox_writer.Arrival(
            shop_id=shop_id,
            webhook_id=str(new_id()),
            event_id=None,
            topic=topic,
            api_version="2026-07",
            triggered_at=now,
            received_at=now,
            body=json.dumps(payload).encode(),
        )
    )
