"""Order → points → phone → page: the whole chain, every link real, told in the order it happens.

The tests of this module share one world and build on each other.
"""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sandbox.demo.story import let_read_all_orders, open_admin, operate
from sandbox.demo.world import World
from tests.flows.chain import SHOP, Chain


@pytest.fixture(scope="module")
def chain(world: World) -> Chain:
    return Chain(world)


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What earlier steps of the story leave for later ones."""
    return {}


def test_opening_the_app_installs_it_and_reads_the_shops_history(chain: Chain) -> None:
    let_read_all_orders(chain.world, SHOP)
    open_admin(chain.world, SHOP)
    operate(chain.world, "wait-for-backfill", "--shop", SHOP)

    counts = chain.shopify_state()["counts"]
    assert (counts["Customer"], counts["Order"]) >= (500, 2000)
    assert chain.count("customer") == counts["Customer"]
    assert chain.count("shop_order") == counts["Order"]
    assert chain.count("ledger_entry") == 0


def test_the_card_gets_onto_the_phone(chain: Chain, told: dict[str, Any]) -> None:
    told["customer"] = chain.first_customer()
    told["phone"] = chain.add_card_to_phone(told["customer"]["email"])

    assert chain.balance_on(told["phone"]) == 0


def test_a_paid_order_reaches_the_phone_as_points(chain: Chain, told: dict[str, Any]) -> None:
    line = {"title": "Candle", "price": "12.50", "quantity": 4, "taxable": False}
    told["order"] = chain.shopify("orders", customer_id=told["customer"]["id"], lines=[line])
    assert [line["price"] for line in told["order"]["line_items"]] == ["12.50"]

    chain.wait(lambda: chain.balance_on(told["phone"]) == 50, "50 points on the phone")

    assert chain.available(told["customer"]["email"]) == 50


@pytest.mark.browser
def test_the_profile_shows_the_balance_inside_the_admin(
    chain: Chain, told: dict[str, Any], page: Page
) -> None:
    page.goto(f"{chain.world.admin_url()}/members")
    frame = page.frame_locator("iframe#app")
    frame.get_by_role("searchbox").fill(told["customer"]["email"])
    frame.get_by_role("link", name=re.compile(told["customer"]["first_name"])).first.click()

    expect(frame.get_by_text("Actual Balance")).to_be_visible()
    expect(frame.get_by_text(re.compile(r"^\s*50\s*$")).first).to_be_visible()
    expect(frame.get_by_text(told["order"]["name"]).first).to_be_visible()


def test_a_partial_refund_takes_its_share_back(chain: Chain, told: dict[str, Any]) -> None:
    order = told["order"]
    lines = [{"line_id": order["line_items"][0]["id"], "quantity": 1}]
    chain.shopify(f"orders/{order['id']}/refunds", lines=lines)

    # 50 − floor(50 × 1/4) = 38
    chain.wait(lambda: chain.balance_on(told["phone"]) == 38, "38 points on the phone")

    assert chain.available(told["customer"]["email"]) == 38


def test_shopify_shows_the_points_and_that_the_card_is_kept(
    chain: Chain, told: dict[str, Any]
) -> None:
    email = told["customer"]["email"]

    chain.wait(lambda: chain.shown_at_shopify(email).get("balance") == "38", "38 points shown")

    shown = chain.shown_at_shopify(email)
    assert shown["tags"] == ["Pass installed"]
    assert shown["card"] == operate(chain.world, "card-link", "--shop", SHOP, "--member", email)


def test_every_webhook_again_three_times_shuffled_changes_nothing(
    chain: Chain, told: dict[str, Any]
) -> None:
    chain.settle()
    before = chain.ledger()

    sent = chain.shopify("webhooks/replay", times=3)["sent"]
    chain.settle()
    handled = chain.count("inbox_row", "state in ('done', 'ignored')")
    copies = chain.shopify("webhooks/replay", times=3, new_ids=True)["sent"]
    chain.settle()

    # The same deliveries stop at the inbox; copies under new ids go all the way to the books.
    assert sent == copies >= 3 * 4
    assert chain.count("inbox_row", "state in ('done', 'ignored')") == handled + copies
    assert chain.ledger() == before
    assert chain.balance_on(told["phone"]) == 38
    assert chain.count("inbox_row", "state in ('new', 'parked')") == 0
    operate(chain.world, "selfcheck")
