"""R4, R66, R153 on a phone: somebody joins on the public page and their card comes by email.

And two accounts that Shopify makes one are one card.
"""

import re
import time
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox.demo import story
from sandbox.demo.world import SHOPS, World
from tests.browser.admin import accessibility_problems, overflow
from tests.browser.test_emails import wait_for_email
from tests.chromium import page_of

pytestmark = pytest.mark.browser

_WATCH = """
window.violations = [];
addEventListener('securitypolicyviolation', (event) => violations.push(event.violatedDirective));
"""


@pytest.fixture(scope="module")
def join_url(world: World) -> str:
    """Aurora's page to join."""
    shown = story.operate(world, "join-page", "--shop", SHOPS[0])
    found = re.search(r"https?://\S+/join/\S+", shown)
    assert found is not None, shown
    return found[0]


@pytest.fixture
def email() -> str:
    """An address that nobody had before."""
    return f"{uuid4().hex}@example.com"


def join(page: Page, name: str, email: str) -> None:
    """Fill in the form and send it."""
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Your email address").fill(email)
    page.get_by_role("checkbox", name=re.compile("I join")).check()
    page.get_by_role("button", name="Join").click()


def test_somebody_joins_and_their_card_comes_by_email(
    world: World, phone: Page, join_url: str, email: str
) -> None:
    phone.goto(join_url)

    join(phone, "Mary Watson", email)

    expect(phone.get_by_role("heading", name="Thank you")).to_be_visible()
    assert "Mary" not in phone.content()
    letter = wait_for_email(world, email)
    link = re.search(r'href="([^"]+/go/[^"]+)"', letter["html"])
    assert link is not None
    phone.goto(link[1])
    expect(phone.get_by_label("Your card")).to_contain_text("Mary Watson")


def test_what_is_missing_is_said_beside_its_field_and_what_was_typed_stays(
    phone: Page, join_url: str
) -> None:
    phone.goto(join_url)
    phone.get_by_label("Your name").fill("Mary")

    phone.get_by_role("button", name="Join").click()

    expect(phone.get_by_role("alert")).to_be_visible()
    expect(phone.get_by_label("Your name")).to_have_value("Mary")
    expect(phone.get_by_label("Your email address")).to_have_attribute("aria-invalid", "true")
    expect(phone.locator("#terms-problem")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_and_fits_the_smallest_phone(
    browser: Browser, join_url: str, scheme: Any
) -> None:
    with page_of(browser, width=320, height=640) as page:
        page.emulate_media(color_scheme=scheme)
        page.context.add_init_script(_WATCH)
        page.goto(join_url)
        page.get_by_role("button", name="Join").click()

        assert accessibility_problems(page.main_frame) == []
        assert overflow(page.main_frame) == 0
        assert page.evaluate("violations") == []


def test_the_page_reads_from_right_to_left(phone: Page, join_url: str) -> None:
    phone.goto(join_url)
    before = phone.get_by_role("checkbox", name=re.compile("I join")).bounding_box()

    phone.evaluate("document.documentElement.dir = 'rtl'")

    after = phone.get_by_role("checkbox", name=re.compile("I join")).bounding_box()
    assert before is not None and after is not None
    assert before["x"] < 195 < after["x"]
    assert overflow(phone.main_frame) == 0
    assert phone.evaluate("document.scrollingElement.scrollLeft") == 0


def test_two_accounts_that_shopify_makes_one_are_one_card(
    world: World, phone: Page, join_url: str, email: str
) -> None:
    # given two accounts of one person, each with a card
    control = f"{world.shopify_url}/_control"
    links = []
    customers = []
    for address in (email, f"second.{email}"):
        phone.goto(join_url)
        join(phone, "Nora Nash", address)
        letter = wait_for_email(world, address)
        link = re.search(r'href="([^"]+/go/[^"]+)"', letter["html"])
        assert link is not None
        links.append(link[1])
        found = story.ask(f"{control}/customers?shop={SHOPS[0]}&email={address}")
        customers.append(found[0]["id"])
    # when Shopify merges them
    kept, gone = customers
    story.ask(f"{control}/customers/{kept}/merge", {"shop": SHOPS[0], "other_id": gone})
    # then both links open one card
    codes = _codes(phone, links)
    deadline = time.monotonic() + 60
    while len(codes) > 1:
        assert time.monotonic() < deadline, "they are still two"
        time.sleep(0.5)
        codes = _codes(phone, links)


def _codes(phone: Page, links: list[str]) -> set[str]:
    """The codes that the cards behind these links show."""
    codes = set()
    for link in links:
        phone.goto(link)
        codes.add(phone.locator(".code + figcaption").inner_text())
    return codes
