"""R51, R54, R157 on a phone: a birthday, the proof of an address by email, and a page to follow."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox.demo import story
from sandbox.demo.world import SHOPS, World
from tests.browser.admin import Admin, accessibility_problems, open_profile, overflow
from tests.browser.test_emails import wait_for_email
from tests.chromium import page_of

pytestmark = pytest.mark.browser

INSTAGRAM = "https://www.instagram.com/aurora"


@pytest.fixture(scope="module")
def card_url(world: World) -> str:
    """The card page of a member of Aurora, which can be followed on Instagram."""
    shop = ("--shop", SHOPS[0])
    story.operate(world, "follow-link", *shop, "--network", "instagram", "--url", INSTAGRAM)
    return story.operate(world, "card-link", *shop).strip().splitlines()[-1]


@pytest.fixture
def card(phone: Page, card_url: str) -> Page:
    """The page on a phone."""
    phone.goto(card_url)
    return phone


def choose(card: Page, day: str, month: str) -> None:
    """Choose a birthday and save it."""
    card.get_by_role("combobox", name="Day", exact=True).select_option(day)
    card.get_by_role("combobox", name="Month", exact=True).select_option(label=month)
    card.get_by_role("button", name="Save birthday").click()


def test_birthday_is_chosen_and_stays(card: Page) -> None:
    choose(card, "29", "February")

    assert card.url.endswith("#details")
    card.reload()
    expect(card.get_by_role("combobox", name="Day", exact=True)).to_have_value("29")
    expect(card.get_by_role("combobox", name="Month", exact=True)).to_have_value("2")


def test_name_is_changed_and_stands_on_the_card(card: Page) -> None:
    before = card.get_by_label("First name").input_value()
    card.get_by_label("First name").fill("Zoë <b>")
    card.get_by_role("button", name="Save name").click()
    expect(card.get_by_role("alert")).to_contain_text("Enter a name")

    card.get_by_label("First name").fill("Zoë")
    card.get_by_role("button", name="Save name").click()

    expect(card.get_by_label("Your card")).to_contain_text("Zoë")
    card.get_by_label("First name").fill(before)
    card.get_by_role("button", name="Save name").click()
    expect(card.get_by_label("Your card")).to_contain_text(before)


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_day_that_is_none_is_told_beside_its_field(
    browser: Browser, card_url: str, width: int, scheme: Any
) -> None:
    with page_of(browser, width=width) as page:
        page.emulate_media(color_scheme=scheme)
        page.goto(card_url)

        choose(page, "31", "April")

        expect(page.get_by_role("alert")).to_have_text("This month has no such day")
        expect(page.get_by_role("combobox", name="Day", exact=True)).to_have_value("31")
        assert accessibility_problems(page.main_frame) == []
        assert overflow(page.main_frame) == 0


def test_everything_can_be_touched_with_a_thumb(card: Page) -> None:
    touched = "#details ~ .own button, #details ~ .own select, #details ~ .own input, .places a"
    assert card.locator(touched).count() >= 8
    for one in card.locator(touched).all():
        box = one.bounding_box()
        assert box is not None
        assert box["height"] >= 44


def test_address_is_confirmed_by_the_button_in_the_email(
    card: Page, admin: Admin, world: World
) -> None:
    frame = admin.open("/members?sort=-points")
    open_profile(frame)
    address = frame.locator(".facts bdi", has_text="@").inner_text()
    expect(frame.locator("body")).to_contain_text("Unverified")

    card.get_by_role("button", name="Send me the email").click()
    expect(card.get_by_role("status")).to_contain_text("We sent you an email at")
    email = wait_for_email(world, address)
    assert email["subject"].startswith("Confirm your email address")
    link = re.search(r"https?://\S+/mail/verify/\S+", email["text"])
    assert link is not None
    card.goto(link[0])
    assert accessibility_problems(card.main_frame) == []
    card.get_by_role("button", name="Confirm my address").click()

    expect(card.get_by_role("heading", name="Your address is confirmed")).to_be_visible()
    card.get_by_role("link", name="Open my card").click()
    expect(card.locator(".own", has_text="@")).to_contain_text("Confirmed")
    admin.page.reload()
    frame = admin.settle()
    expect(frame.locator("body")).to_contain_text("Email address confirmed")


def test_shops_page_is_opened_and_thanked_for(card: Page, card_url: str) -> None:
    card.route("https://www.instagram.com/**", lambda route: route.fulfill(body="Instagram"))

    card.get_by_role("link", name="Instagram").click()

    expect(card.locator("body")).to_have_text("Instagram")
    assert card.url == INSTAGRAM
    card.goto(card_url)
    expect(card.locator(".places", has_text="Instagram")).to_contain_text("Thank you")
