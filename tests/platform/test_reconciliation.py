"""What no webhook brought is found by the sweep, mended through the same desk, and reported."""

import time
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config import Settings
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import Customer, MemberBalance
from loyalty.orders.tables import Order
from loyalty.reconciliation import balances, recording
from loyalty.reconciliation.tables import Finding, ReconciliationReport
from loyalty.shops.directory import get_shop
from shopify_app.platform import backfill_runs, client, installations
from shopify_app.platform.backfill.steps import take_step
from shopify_app.platform.errors import ShopifyError
from shopify_app.platform.reconciling import sweep
from shopify_app.platform.session_tokens import verify
from shopify_app.platform.tables import BackfillRun
from tests.platform.shopify import Shopify

LATER = sweep.GRACE + timedelta(minutes=1)


@pytest.fixture
def shop_id(shopify: Shopify, connected: Settings) -> int:
    """Aurora, installed; nothing that happens at Shopify reaches it by webhook."""
    let_a_second_pass()  # What earlier tests did was before the install.
    shop_id = installations.ensure_installed(verify(shopify.id_token(), connected))
    with db.shop_transaction(shop_id) as session:
        backfill_runs.cancel(session, shop_id, reason="not of this test", now=utc_now())
    return shop_id


def test_a_missing_order_and_its_customer_are_found_and_earn(
    shopify: Shopify, shop_id: int
) -> None:
    order = an_order(shopify)

    sweep.sweep(shop_id, now=utc_now() + LATER)

    with db.shop_transaction(shop_id) as session:
        assert session.get_one(Order, (shop_id, order["id"])).member_id is not None
        assert session.scalars(select(LedgerEntry.points)).all() == [20]
    assert found(shop_id, recording.ORDER_MISSING) == [str(order["id"])]
    assert found(shop_id, recording.CUSTOMER_MISSING) == [str(order["customer"]["id"])]


def test_a_missing_refund_is_found_and_takes_its_points_back(
    shopify: Shopify, shop_id: int
) -> None:
    # given an order that we know
    order = an_order(shopify)
    sweep.sweep(shop_id, now=utc_now() + LATER)
    # when half of it is refunded and nobody tells us
    let_a_second_pass()
    line = {"line_id": order["line_items"][0]["id"], "quantity": 1}
    shopify.tell(f"orders/{order['id']}/refunds", lines=[line])
    sweep.sweep(shop_id, now=utc_now() + 2 * LATER)
    # then
    with db.shop_transaction(shop_id) as session:
        assert sum(session.scalars(select(LedgerEntry.points))) == 10
    assert found(shop_id, recording.REFUND_MISSING) == [str(order["id"])]


def test_a_customer_who_changed_unheard_is_brought_up_to_date(
    shopify: Shopify, shop_id: int
) -> None:
    order = an_order(shopify)
    sweep.sweep(shop_id, now=utc_now() + LATER)
    customer_id = order["customer"]["id"]
    let_a_second_pass()
    shopify.tell(f"customers/{customer_id}/update", first_name="Alicia")

    sweep.sweep(shop_id, now=utc_now() + 2 * LATER)

    with db.shop_transaction(shop_id) as session:
        assert session.get_one(Customer, (shop_id, customer_id)).first_name == "Alicia"
    assert found(shop_id, recording.CUSTOMER_BEHIND) == [str(customer_id)]


def test_a_second_sweep_finds_nothing_and_says_so(shopify: Shopify, shop_id: int) -> None:
    an_order(shopify)
    sweep.sweep(shop_id, now=utc_now() + LATER)
    before = everything_found(shop_id)

    sweep.sweep(shop_id, now=utc_now() + 2 * LATER)

    assert everything_found(shop_id) == before
    with db.shop_transaction(shop_id) as session:
        newest = session.scalars(
            select(ReconciliationReport).order_by(ReconciliationReport.finished_at.desc()).limit(2)
        ).all()
    assert {report.subject: report.found for report in newest} == {"orders": 0, "customers": 0}


def test_what_may_still_come_by_webhook_is_left_alone(shopify: Shopify, shop_id: int) -> None:
    order = an_order(shopify)

    sweep.sweep(shop_id, now=utc_now())

    with db.shop_transaction(shop_id) as session:
        assert session.get(Order, (shop_id, order["id"])) is None


def test_what_changed_nine_minutes_ago_is_left_alone_too(shopify: Shopify, shop_id: int) -> None:
    an_order(shopify)

    sweep.sweep(shop_id, now=utc_now() + timedelta(minutes=9))

    assert found(shop_id, recording.ORDER_MISSING) == []


def test_a_change_that_the_search_learnt_of_late_is_found_by_the_next_sweep(
    shopify: Shopify, shop_id: int
) -> None:
    sweep.sweep(shop_id, now=utc_now() + LATER)
    order = an_order(shopify)  # of a time that was looked through

    sweep.sweep(shop_id, now=utc_now() + 2 * LATER)

    assert found(shop_id, recording.ORDER_MISSING) == [str(order["id"])]


def test_a_sweep_that_breaks_off_begins_again_where_it_was(shopify: Shopify, shop_id: int) -> None:
    order = an_order(shopify)
    shopify.fail("graphql", "fail", status=403, count=1)

    with pytest.raises(ShopifyError):
        sweep.sweep(shop_id, now=utc_now() + LATER)
    sweep.sweep(shop_id, now=utc_now() + LATER)

    assert found(shop_id, recording.ORDER_MISSING) == [str(order["id"])]


def test_a_sweep_out_of_time_goes_on_where_its_last_page_ended(
    shopify: Shopify, shop_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given pages of one, and time for one page a turn
    orders = [an_order(shopify) for _ in range(2)]
    whole = client.execute

    def small(shop: int, name: str, variables: Any = None, **patience: Any) -> Any:
        data = whole(shop, name, variables, **patience)
        field = {"customers_updated": "customers", "orders_updated": "orders"}.get(name)
        if field and data[field]["nodes"][1:]:
            data[field]["nodes"] = data[field]["nodes"][:1]
            data[field]["pageInfo"] = {"hasNextPage": True, "endCursor": "later"}
        return data

    monkeypatch.setattr(client, "execute", small)
    # when
    assert not sweep.sweep(shop_id, now=utc_now() + LATER, for_s=-1)
    monkeypatch.undo()
    assert sweep.sweep(shop_id, now=utc_now() + LATER)
    # then
    assert found(shop_id, recording.ORDER_MISSING) == [str(order["id"]) for order in orders]


def test_a_sweep_that_dies_on_its_way_each_time_gets_to_the_end(
    shopify: Shopify, shop_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given pages of two, and a Shopify that breaks off after each first one
    orders = []
    for _ in range(4):
        orders.append(an_order(shopify))
        let_a_second_pass()
    whole = client.execute

    def breaks_off(shop: int, name: str, variables: Any = None, **patience: Any) -> Any:
        if (variables or {}).get("after"):
            raise ShopifyError("gone", retryable=True)
        data = whole(shop, name, variables, **patience)
        field = {"customers_updated": "customers", "orders_updated": "orders"}.get(name)
        if field and data[field]["nodes"][2:]:
            data[field]["nodes"] = data[field]["nodes"][:2]
            data[field]["pageInfo"] = {"hasNextPage": True, "endCursor": "later"}
        return data

    monkeypatch.setattr(client, "execute", breaks_off)
    # when
    for _ in range(10):
        with suppress(ShopifyError):
            if sweep.sweep(shop_id, now=utc_now() + LATER):
                break
    # then
    assert found(shop_id, recording.ORDER_MISSING) == [str(order["id"]) for order in orders]


def test_an_order_that_cannot_be_read_holds_up_no_other(shopify: Shopify, shop_id: int) -> None:
    # given a shop whose books are in another currency than one of its orders
    order = an_order(shopify)
    with db.shop_transaction(shop_id) as session:
        shop_currency(session, shop_id, "JPY")

    sweep.sweep(shop_id, now=utc_now() + LATER)

    with db.shop_transaction(shop_id) as session:
        [finding] = recording.list_open(session, shop_id, recording.ORDER_UNREADABLE)
        assert (finding.thing, finding.mended_at) == (str(order["id"]), None)
        shop_currency(session, shop_id, order["currency"])


def test_sweep_and_rereads_wait_for_one_another_in_no_way(shopify: Shopify, shop_id: int) -> None:
    orders = [an_order(shopify) for _ in range(2)]
    with db.shop_transaction(shop_id) as session:
        for order in orders:
            backfill_runs.ask_for_order(session, shop_id, order["id"], now=utc_now())
        backfill_runs.ask_for_sweep(session, shop_id, now=utc_now())

    while take_step(shop_id) is not None:
        pass

    with db.shop_transaction(shop_id) as session:
        assert len(session.scalars(select(Order.order_id)).all()) == 2
        left = session.scalars(select(BackfillRun.subject).where(BackfillRun.generation == 0))
        assert left.all() == []


def test_a_wrong_balance_is_found_reported_and_seen_to_be_mended(
    shopify: Shopify, shop_id: int
) -> None:
    # given
    an_order(shopify)
    sweep.sweep(shop_id, now=utc_now() + LATER)
    with db.shop_transaction(shop_id) as session:
        session.execute(update(MemberBalance).values(available=MemberBalance.available + 7))
    # when
    with db.shop_transaction(shop_id) as session:
        [wrong] = balances.prove(session, shop_id, now=utc_now())
    # then
    assert (wrong.figure, wrong.cached - wrong.rebuilt) == ("available", 7)
    assert found(shop_id, recording.BALANCE_WRONG) == [f"{wrong.member_id}:available"]
    with db.shop_transaction(shop_id) as session:
        session.execute(update(MemberBalance).values(available=MemberBalance.available - 7))
        assert balances.prove(session, shop_id, now=utc_now()) == []
        assert recording.list_open(session, shop_id, recording.BALANCE_WRONG) == []


def let_a_second_pass() -> None:
    """Shopify's times have no fractions."""
    time.sleep(1.1)


def an_order(shopify: Shopify) -> Any:
    """Two pieces at 10.00 for a new customer; the order as Shopify tells it."""
    customer = shopify.tell("customers", first_name="Alice", state="ENABLED")
    line = {"title": "Lamp", "price": "10.00", "quantity": 2}
    return shopify.tell("orders", customer_id=customer["id"], lines=[line], tax_rate="0")


def found(shop_id: int, kind: str) -> list[str]:
    """What was found of the kind, oldest first."""
    with db.shop_transaction(shop_id) as session:
        return list(session.scalars(select(Finding.thing).where(Finding.kind == kind)))


def everything_found(shop_id: int) -> set[tuple[str, str]]:
    """Kind and thing of all findings."""
    with db.shop_transaction(shop_id) as session:
        return {(one.kind, one.thing) for one in session.scalars(select(Finding))}


def shop_currency(session: Session, shop_id: int, currency: str) -> None:
    """As if the shop's books were in another currency."""
    get_shop(session, shop_id).currency = currency
