"""2,000 orders, doubled and shuffled, while everything dies in turn: afterwards all is as in peace.

The tests of this module share one world and build on each other.
"""

import random
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.demo.story import ask, let_read_all_orders, open_admin, operate
from sandbox.demo.world import World, running_world
from tests.conftest import DatabaseUrls
from tests.flows.chain import SHOP, Chain
from tests.flows.peace import books_in_peace, books_in_storm
from tests.flows.storm import Storm

pytestmark = pytest.mark.proof

ORDERS, CARDS, NEWCOMERS = 2000, 12, 60
# Shopify's four hours of retries, in five minutes.
TIME_SCALE = 300 / (4 * 3600)
CALM_WITHIN_S = 900


@pytest.fixture(scope="module")
def stormy_world() -> Iterator[World]:
    state = Path(tempfile.mkdtemp(prefix="encore-storm-", dir="/var/tmp"))
    state.chmod(0o711)
    try:
        with running_world(state, customers=300, orders=60) as world:
            yield world
    finally:
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="module")
def chain(stormy_world: World) -> Chain:
    return Chain(stormy_world)


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What earlier steps leave for later ones."""
    return {}


def test_2000_orders_go_through_a_storm(chain: Chain, told: dict[str, Any]) -> None:
    let_read_all_orders(chain.world, SHOP)
    open_admin(chain.world, SHOP)
    operate(chain.world, "wait-for-backfill", "--shop", SHOP)
    chain.shopify("clock", scale=TIME_SCALE)
    # History earns nothing, so its refunds are not read.
    told["refunds_before"] = chain.shopify_state()["counts"]["Refund"]
    told["customers"] = _customers_with_email(chain)
    told["phones"] = {
        c["id"]: chain.add_card_to_phone(c["email"]) for c in told["customers"][:CARDS]
    }
    told["objects"] = {
        customer["id"]: chain.save_google_card(customer["email"])
        for customer in told["customers"][CARDS // 2 : CARDS]
    }
    told["newcomers"] = [_newcomer(chain, number) for number in range(NEWCOMERS)]
    chain.shopify("faults", surface="webhooks", mode="repeat", times=2)

    storm = Storm(chain.world)
    storm.begin()
    try:
        orders = _sell(chain, told)
        _take_back(chain, orders)
        chain.shopify("faults", surface="webhooks", mode="off")
        chain.shopify("webhooks/replay", times=1, new_ids=True)
        chain.wait(lambda: _handled(chain) > ORDERS, "half of the work done", CALM_WITHIN_S)
    finally:
        storm.end()
        print(f"\n{storm.report()}")

    assert storm.unproved() == []
    assert len(orders) == ORDERS


def test_then_calm_comes_and_no_row_is_stuck(chain: Chain) -> None:
    chain.wait(lambda: _is_calm(chain), "calm after the storm", CALM_WITHIN_S)

    assert chain.count("inbox_row", "state in ('new', 'parked')") == 0
    assert chain.count("delivery", "state in ('pending', 'dead')") == 0
    operate(chain.world, "selfcheck")


def test_the_books_are_those_of_peace(
    chain: Chain, told: dict[str, Any], fresh_database: DatabaseUrls
) -> None:
    peace = books_in_peace(chain, fresh_database)

    storm = books_in_storm(chain)
    # Every 50th was cancelled; every 20th lost one piece, and each third of those had no other.
    assert len(storm.orders) == 2000 - 40 - 34
    assert storm == peace
    # What peace could not know of: a refund or an order that never reached us.
    counts = chain.shopify_state()["counts"]
    assert chain.count("shop_order") == counts["Order"]
    assert chain.count("refund") == counts["Refund"] - told["refunds_before"]


def test_every_phone_and_google_object_shows_the_true_balance(
    chain: Chain, told: dict[str, Any]
) -> None:
    emails = {customer["id"]: customer["email"] for customer in told["customers"]}
    for customer_id, phone in told["phones"].items():
        assert chain.balance_on(phone) == chain.available(emails[customer_id])
    for customer_id, object_id in told["objects"].items():
        assert chain.balance_at_google(object_id) == chain.available(emails[customer_id])


def test_everybody_new_got_the_card_by_email_once_unless_in_doubt(
    chain: Chain, told: dict[str, Any]
) -> None:
    query = """SELECT e.state, e.doubts FROM email_message e JOIN member m
        ON m.shop_id = e.shop_id AND m.id = e.member_id WHERE m.email_norm = %s"""
    for newcomer in told["newcomers"]:
        [message] = chain.rows(query, newcomer["email"])
        assert message["state"] in ("sent", "unknown")
        assert 1 <= len(chain.emails_to(newcomer["email"])) <= 1 + message["doubts"]


def _customers_with_email(chain: Chain) -> list[dict[str, Any]]:
    customers = ask(f"{chain.world.shopify_url}/_control/customers?shop={SHOP}")
    members = {
        row["customer_id"]
        for row in chain.rows("SELECT customer_id FROM customer WHERE member_id IS NOT NULL")
    }
    return [one for one in customers if one.get("email") and one["id"] in members]


def _newcomer(chain: Chain, number: int) -> dict[str, Any]:
    address = f"newcomer-{number}@example.com"
    made: dict[str, Any] = chain.shopify("customers", first_name="Nora", email=address)
    return made


def _sell(chain: Chain, told: dict[str, Any]) -> list[dict[str, Any]]:
    """The orders; those with a card buy as often as the rest together, and newcomers join."""
    chance = random.Random(11)

    def buyer(number: int) -> int:
        if number < 20 * NEWCOMERS and number % 20 == 0:
            return int(told["newcomers"][number // 20]["id"])
        buyers = told["customers"][:CARDS] if number % 2 else told["customers"]
        return int(buyers[chance.randrange(len(buyers))]["id"])

    def buy(number: int) -> dict[str, Any]:
        price = f"{5 + number % 40}.{number % 100:02d}"
        line = {"title": "Candle", "price": price, "quantity": 1 + number % 3, "taxable": False}
        order: dict[str, Any] = chain.shopify("orders", customer_id=buyer(number), lines=[line])
        return order

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(buy, range(ORDERS)))


def _take_back(chain: Chain, orders: list[dict[str, Any]]) -> None:
    """A part of every 20th order refunded, every 50th cancelled."""
    for order in orders[::20]:
        lines = [{"line_id": order["line_items"][0]["id"], "quantity": 1}]
        chain.shopify(f"orders/{order['id']}/refunds", lines=lines)
    for order in orders[7::50]:
        chain.shopify(f"orders/{order['id']}/cancel", reason="CUSTOMER", refund=True)


def _handled(chain: Chain) -> int:
    """How many webhooks of orders are done; none while PostgreSQL is down."""
    try:
        return chain.count("inbox_row", "state <> 'new' and topic like 'orders/%'")
    except psycopg.OperationalError:
        return 0


def _is_calm(chain: Chain) -> bool:
    state = chain.shopify_state()
    assert not state["deliveries"].get("failed"), "Shopify gave up on a webhook"
    on_its_way = state["deliveries"].get("retrying", 0) + state["deliveries"].get("waiting", 0)
    waiting = chain.count("inbox_row", "state = 'new'") + chain.count(
        "outbox_event", "state = 'new'"
    )
    return on_its_way + waiting + chain.count("delivery", "state = 'pending'") == 0
