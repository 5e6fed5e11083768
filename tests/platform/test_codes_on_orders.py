"""Codes of redemptions on orders at Shopify: used, given back by pieces, or disabled (R165)."""

import json
from typing import Any

import pytest
from sqlalchemy import update

from config import Settings
from jobs import redemptions
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.ids import new_id
from loyalty.programme.tables import EarningRule
from loyalty.redemption.tables import Redemption
from shopify_app.platform import inbox, inbox_writer, installations
from shopify_app.platform.backfill.one_order import read_order
from shopify_app.platform.inbox_insert import Arrival
from shopify_app.platform.session_tokens import verify
from tests.platform.redeeming_cast import Redeemer, make_redeemer
from tests.platform.shopify import Shopify

CANDLES = {"title": "Candle", "price": "10.00", "quantity": 3}
LAMP = {"title": "Lamp", "price": "20.00"}


@pytest.fixture
def alice(shopify: Shopify, connected: Settings) -> Redeemer:
    """Alice with 1000 points in Aurora, which is installed; orders earn nothing."""
    shop_id = installations.ensure_installed(verify(shopify.id_token(), connected))
    with shop_transaction(shop_id) as session:
        session.execute(update(EarningRule).values(is_active=False))
    return make_redeemer(shopify, shop_id)


def test_an_order_uses_its_code_and_refunds_give_points_back(alice: Redeemer) -> None:
    # given 5.00 off three candles of 10.00 and a lamp of 20.00, for 100 points
    redemption, order = _bought(alice)
    _arrive(alice, order, "orders/create")
    used = alice.read(redemption.id)
    assert (used.state, used.order_id, alice.points) == ("used", order["id"], 900)
    # when a candle comes back: floor(100 × 10 ÷ 50) = 20
    candles = order["line_items"][0]["id"]
    refunded = alice.shopify.tell(f"orders/{order['id']}/refunds", lines=[{"line_id": candles}])
    _arrive(alice, refunded["refunds"][0], "refunds/create")
    _arrive(alice, refunded, "orders/updated")
    # then
    assert (alice.read(redemption.id).state, alice.points) == ("used", 920)
    # and all of them when it is cancelled
    cancelled = alice.shopify.tell(f"orders/{order['id']}/cancel")
    _arrive(alice, cancelled, "orders/cancelled")
    assert (alice.read(redemption.id).state, alice.points) == ("returned", 1000)


def test_an_unpaid_order_that_is_cancelled_kills_the_code_before_points_return(
    alice: Redeemer,
) -> None:
    redemption, order = _bought(alice, paid=False)
    _arrive(alice, order, "orders/create")
    assert alice.read(redemption.id).state == "issued"

    _arrive(alice, alice.shopify.tell(f"orders/{order['id']}/cancel"), "orders/cancelled")
    before = alice.read(redemption.id).state, alice.points
    redemptions.bring_on_due(alice.shop_id)

    assert before == ("returning", 900)
    assert (alice.read(redemption.id).state, alice.points) == ("returned", 1000)
    assert not alice.works(redemption.code)


def test_a_return_leaves_somebody_elses_discount_of_the_same_code_alone(alice: Redeemer) -> None:
    # given a code that was not made yet, and that a merchant's own discount has
    alice.shopify.fail("graphql", "fail", status=503, topic="DiscountCodeBasicCreate", count=1)
    redemption = alice.redeem(alice.a_reward())
    alice.shopify.tell("discounts", code=redemption.code, percentage="10")
    # when an order that carries it is cancelled unpaid
    order = alice.shopify.tell(
        "orders", lines=[LAMP], discounts=[{"code": redemption.code}], paid=False
    )
    _arrive(alice, order, "orders/create")
    _arrive(alice, alice.shopify.tell(f"orders/{order['id']}/cancel"), "orders/cancelled")
    before = alice.read(redemption.id).state
    redemptions.bring_on_due(alice.shop_id)
    # then the points come back, and that discount goes on
    assert (before, alice.read(redemption.id).state) == ("returning", "returned")
    assert alice.points == 1000 and alice.works(redemption.code)


def test_free_shipping_is_used_and_comes_back_only_when_it_is_cancelled(alice: Redeemer) -> None:
    redemption, order = _bought(alice, reward={"kind": "free_shipping"}, shipping="4.90")
    lines = [{"line_id": line["id"], "quantity": line["quantity"]} for line in order["line_items"]]
    refunded = alice.shopify.tell(f"orders/{order['id']}/refunds", lines=lines)
    _arrive(alice, refunded, "orders/updated")
    after_refund = alice.read(redemption.id).state, alice.points

    _arrive(alice, alice.shopify.tell(f"orders/{order['id']}/cancel"), "orders/cancelled")

    assert after_refund == ("used", 900)
    assert (alice.read(redemption.id).state, alice.points) == ("returned", 1000)


def test_an_order_that_no_webhook_brought_is_read_with_its_code(alice: Redeemer) -> None:
    redemption, order = _bought(alice)
    candles = order["line_items"][0]["id"]
    alice.shopify.tell(f"orders/{order['id']}/refunds", lines=[{"line_id": candles}])

    read_order(alice.shop_id, order["id"])

    assert (alice.read(redemption.id).state, alice.points) == ("used", 920)


def _bought(
    alice: Redeemer, *, reward: dict[str, Any] | None = None, **order: Any
) -> tuple[Redemption, dict[str, Any]]:
    """A redemption, and the order with its code as Shopify tells it."""
    redemption = alice.redeem(alice.a_reward(**(reward or {})))
    placed = alice.shopify.tell(
        "orders",
        customer_id=alice.customer_id,
        lines=[CANDLES, LAMP],
        discounts=[{"code": redemption.code}],
        **order,
    )
    return redemption, placed


def _arrive(alice: Redeemer, payload: dict[str, Any], topic: str) -> None:
    """A webhook is in the inbox, and worked off."""
    now = utc_now()
    arrival = Arrival(
        shop_id=alice.shop_id,
        webhook_id=str(new_id()),
        event_id=None,
        topic=topic,
        api_version="2026-07",
        triggered_at=now,
        received_at=now,
        body=json.dumps(payload).encode(),
    )
    inbox_writer.of_this_process().store(arrival)
    inbox.drain(alice.shop_id)
