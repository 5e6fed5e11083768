"""R110-R112, R116: consent as staff see it, as Shopify hears it, and as a member chooses topics."""

import re
import time
from typing import Any

import requests
from playwright.sync_api import expect

from sandbox.demo.world import World
from tests.browser.admin import Admin, accessibility_problems, is_marked, mark, open_profile
from tests.browser.test_emails import send_card, wait_for_email


def wait_for_shopify(world: World, address: str, state: str) -> None:
    """Until Shopify knows this of the customer's consent to emails."""
    deadline = time.monotonic() + 30
    while _known(world, address)["email_marketing"] != state:
        assert time.monotonic() < deadline, f"Shopify did not hear of {state}"
        time.sleep(0.2)


def test_staff_write_down_a_word_and_shopify_hears_it(admin: Admin) -> None:
    frame = admin.open("/members")
    open_profile(frame, 5)
    address = frame.locator(".facts bdi", has_text="@").inner_text()
    mark(frame)

    frame.get_by_role("link", name="Consent & bounce").click()

    card = frame.locator("#consent-card")
    expect(card).to_be_visible()
    assert accessibility_problems(frame) == []
    button = card.get_by_role("button", name=re.compile("to Email$")).first
    says_yes = "yes" in button.inner_text()
    button.dblclick()
    expect(admin.toast).to_have_text("Written down. Shopify is told, too.")
    expect(card.locator(".badge").first).to_have_text("Said yes" if says_yes else "Unsubscribed")
    expect(frame.locator(".timeline > li").first).to_contain_text("Consent to marketing changed")
    assert is_marked(frame)
    wait_for_shopify(admin.world, address, "subscribed" if says_yes else "unsubscribed")


def test_a_member_chooses_topics_behind_unsubscribe_and_then_none(admin: Admin) -> None:
    frame = admin.open("/members")
    open_profile(frame, 6)
    address = frame.locator(".facts bdi", has_text="@").inner_text()
    send_card(frame)
    email = wait_for_email(admin.world, address)
    headers = {one["Name"]: one["Value"] for one in email["headers"]}
    page = admin.page.context.new_page()
    page.goto(headers["List-Unsubscribe"].strip("<>"))

    for name in ("Birthday greetings", "My points and my tier", "My rewards and coupons"):
        page.get_by_label(name).set_checked(name == "Birthday greetings")
    page.get_by_label("Offers and news").uncheck()
    assert accessibility_problems(page.main_frame) == []
    page.get_by_role("button", name="Save my choice").click()

    expect(page.get_by_role("status")).to_contain_text("Only emails of the ticked topics")
    expect(page.get_by_label("Birthday greetings")).to_be_checked()
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are unsubscribed")
    expect(page.get_by_label("Birthday greetings")).not_to_be_checked()
    wait_for_shopify(admin.world, address, "unsubscribed")


def _known(world: World, address: str) -> dict[str, Any]:
    found = requests.get(
        f"{world.shopify_url}/_control/customers", params={"email": address}, timeout=10
    ).json()
    [customer] = found
    return dict(customer)
