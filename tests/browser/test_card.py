"""R11, R59-R66, R167: the customer's page on a phone, as a person uses it."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox.demo import story
from sandbox.demo.world import SHOPS, World
from tests.browser.admin import Admin, accessibility_problems, open_profile, overflow
from tests.chromium import page_of

pytestmark = pytest.mark.browser

SWITCHES = ["Balance", "Location", "Marketing", "Tier", "Reward available"]
_WATCH = """
window.violations = [];
addEventListener('securitypolicyviolation', (event) => violations.push(event.violatedDirective));
"""


@pytest.fixture(scope="module")
def card_url(world: World) -> str:
    """The card page of Aurora's richest member, after a few sales: history alone earns nothing."""
    story.sell(world, 3)
    return story.operate(world, "card-link", "--shop", SHOPS[0]).strip().splitlines()[-1]


@pytest.fixture
def card(phone: Page, card_url: str) -> Page:
    """The page on a phone."""
    phone.context.add_init_script(_WATCH)
    phone.goto(card_url)
    return phone


@pytest.fixture
def without_scripts(browser: Browser) -> Iterator[Page]:
    """A phone whose browser runs no scripts."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_page_shows_balance_code_history_and_the_ways_into_the_wallets(card: Page) -> None:
    expect(card.locator("[data-balance]")).not_to_have_text("0")
    expect(card.get_by_role("img", name="Code for the till")).to_be_visible()
    expect(card.locator(".movements > li").first).to_be_visible()
    expect(card.get_by_role("link", name="Add to Apple Wallet")).to_be_visible()
    expect(card.get_by_role("heading", name="Where to find us")).to_be_visible()


def test_each_switch_turns_by_a_tap_and_stays_turned(card: Page) -> None:
    for name in SWITCHES:
        switch = card.get_by_role("switch", name=name, exact=True)
        expect(switch).to_be_checked()
        switch.click()
        expect(switch).not_to_be_checked()
        assert card.url.endswith("#notifications")

    card.reload()
    for name in SWITCHES:
        switch = card.get_by_role("switch", name=name, exact=True)
        expect(switch).not_to_be_checked()
        switch.press("Space")
        expect(switch).to_be_checked()


def test_switches_need_no_scripts(without_scripts: Page, card_url: str) -> None:
    without_scripts.goto(card_url)
    switch = without_scripts.get_by_role("switch", name="Marketing")

    switch.click()
    expect(switch).not_to_be_checked()
    switch.click()
    expect(switch).to_be_checked()


def test_merchant_sees_what_the_member_paused_and_has_no_switch(card: Page, admin: Admin) -> None:
    card.get_by_role("switch", name="Tier", exact=True).click()
    expect(card.get_by_role("switch", name="Tier", exact=True)).not_to_be_checked()

    frame = admin.open("/members?sort=-points")
    open_profile(frame)
    row = frame.locator("#preferences li", has_text="Tier")

    expect(row).to_contain_text("Paused")
    expect(frame.locator("#preferences")).to_contain_text("Active")
    expect(frame.locator("#preferences button, #preferences input")).to_have_count(0)
    card.get_by_role("switch", name="Tier", exact=True).click()
    expect(card.get_by_role("switch", name="Tier", exact=True)).to_be_checked()


def test_history_leads_on_and_back(card: Page) -> None:
    balance = card.locator("[data-balance]").inner_text()
    if card.get_by_role("link", name="Show all").count() == 0:
        card.goto(card.url.split("#")[0] + "/history")
    else:
        card.get_by_role("link", name="Show all").click()
    expect(card.get_by_role("heading", level=1, name="History")).to_be_visible()
    assert accessibility_problems(card.main_frame) == []

    card.get_by_role("link", name="Your card").click()

    expect(card.locator("[data-balance]")).to_have_text(balance)


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_is_accessible_fits_and_keeps_its_policy(
    browser: Browser, card_url: str, width: int, scheme: Any
) -> None:
    with page_of(browser, width=width) as page:
        page.emulate_media(color_scheme=scheme)
        page.context.add_init_script(_WATCH)
        page.goto(card_url)

        assert accessibility_problems(page.main_frame) == []
        assert overflow(page.main_frame) == 0
        assert page.evaluate("violations") == []


def test_page_mirrors_from_right_to_left(card: Page) -> None:
    card.evaluate("document.documentElement.dir = 'rtl'")

    switch = card.get_by_role("switch", name="Balance", exact=True)
    words, track = (switch.locator(part).bounding_box() for part in (".words", ".track"))
    assert words is not None and track is not None
    assert track["x"] < words["x"]
    assert overflow(card.main_frame) == 0


def test_link_to_the_shop_leads_to_the_shop(card: Page) -> None:
    card.get_by_role("link", name="Visit Aurora").click()

    expect(card.get_by_role("heading", level=1, name="Aurora")).to_be_visible()


def test_broken_link_says_so(world: World, phone: Page) -> None:
    answer = phone.goto(f"{world.app_url}/card/{'x' * 64}")

    assert answer is not None and answer.status == 404
    expect(phone.get_by_role("heading", name="This link leads to no card")).to_be_visible()
    assert accessibility_problems(phone.main_frame) == []
