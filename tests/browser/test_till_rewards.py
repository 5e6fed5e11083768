"""Rewards at the till: the built extension redeems into a cart, against the running app."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox.demo import story
from sandbox.demo.world import SHOPS, World
from tests.browser.admin import accessibility_problems, overflow
from tests.browser.till import Till, barcode, clerk, till_of
from tests.chromium import page_of

pytestmark = pytest.mark.browser


@pytest.fixture
def till(world: World, page: Page) -> Iterator[Till]:
    """Aurora's till, on a tablet."""
    with till_of(world, page) as opened:
        yield opened


@pytest.fixture(scope="module")
def reward(world: World) -> str:
    """The name of a reward that costs 100 points: 5.00 off."""
    given = '{"name": "Five off", "kind": "fixed_amount", "amount": "5.00", "cost_points": 100}'
    story.operate(world, "add-reward", "--shop", SHOPS[0], given)
    # These tests grant more than one person may in a day.
    whose = ("--user", clerk(world), "--grant", "100000")
    story.operate(world, "till-limit", "--shop", SHOPS[0], *whose)
    return "Five off"


def test_reward_goes_into_the_cart_as_a_code_and_onto_the_order(till: Till, reward: str) -> None:
    till.open(user=clerk(till.world)).open_modal()
    till.enrol("Rich Reward", "rich.reward@example.com")
    shown = barcode(till)
    till.grant(250)
    till.points("250")
    till.scan(shown)
    till.points("250")

    till.tap("Redeem a reward")
    till.tap(f"Redeem {reward} for 100 points")
    till.see("In the cart")

    till.close_modal()
    expect(till.page.locator("#customer")).to_have_text("Rich Reward")
    expect(till.page.locator("#discounts")).to_contain_text("ENC-")
    expect(till.page.locator("#discounts")).to_contain_text("−5.00")
    till.page.get_by_role("button", name="Checkout").click()
    expect(till.page.locator("#receipt")).to_contain_text("Paid")
    story.operate(till.world, "wait-for-work")
    till.open_modal()
    till.scan(shown)
    till.see("This is an older code of the card.")
    till.see("170 points")  # 250 − 100 + 20 of 25.00 − 5.00
    till.tap("Redeem a reward")
    till.see("has 170 points")
    expect(till.modal.locator("s-page")).not_to_contain_text("redeemed already")


def test_old_code_wants_a_managers_pin_and_the_reward_can_be_taken_back(
    till: Till, reward: str
) -> None:
    manager = ("till-manager", "--shop", SHOPS[0], "--name", "Mona")
    story.operate(till.world, *manager, typed="271828\n")
    till.open(user=clerk(till.world)).open_modal()
    code = till.enrol("Old Code", "old.code@example.com")
    till.grant(150)
    till.points("150")
    till.scan(code)
    till.points("150")
    till.tap("Redeem a reward")

    till.tap(f"Redeem {reward} for 100 points")  # typed from the card: no proof of it
    till.see("Nothing was redeemed: the newest code of the card is needed.")
    for pin in ("314159", "271828"):
        till.tap("Ask a manager")
        till.page.locator("#pin").fill(pin)
        till.page.get_by_role("button", name="Submit the PIN").click()
        till.see("This is no manager's PIN." if pin == "314159" else "In the cart")
    till.tap("Take it back")

    till.see("Taken back. The points are back.")
    till.tap("Go to the member")
    till.points("150")


def test_redemption_whose_answer_is_lost_counts_once(till: Till, reward: str) -> None:
    till.open(user=clerk(till.world)).open_modal()
    till.enrol("Lost Reward", "lost.reward@example.com")
    shown = barcode(till)
    till.grant(200)
    till.points("200")
    till.scan(shown)
    till.points("200")
    before = till.sent("/redemptions")

    till.fault("lose_answer", path="/redemptions", count=2)
    till.tap("Redeem a reward")
    till.tap(f"Redeem {reward} for 100 points")
    till.see("In the cart")

    assert till.sent("/redemptions") == before + 3
    till.tap("Go to the member")
    till.points("100")


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_small_till_shows_rewards_without_scrolling_sideways(
    world: World, browser: Browser, direction: str, reward: str
) -> None:
    with page_of(browser, width=320, height=640) as page, till_of(world, page) as till:
        widths, problems = [], []

        def look() -> None:
            widths.append(overflow(till.modal))
            problems.extend(accessibility_problems(till.modal))

        till.open(dir=direction, user=clerk(world)).open_modal()
        till.enrol("Wilhelmina Featherstonehaugh", f"{direction}.rewards@example.com")
        shown = barcode(till)
        till.grant(100)
        till.points("100")
        till.tap("Redeem a reward")
        till.see("has 100 points")
        look()
        till.tap(f"Redeem {reward} for 100 points")
        till.see("Ask a manager")
        look()
        till.scan(shown)
        till.see("In the cart")
        look()

        assert widths == [0] * 3
        assert sorted(set(problems)) == []
