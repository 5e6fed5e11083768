"""The loyalty card by email, as staff send it and as the member reads it."""

import time
from typing import Any
from urllib.parse import urlsplit

import requests
from playwright.sync_api import Frame, expect

from sandbox.demo.world import World
from tests.browser.admin import Admin, accessibility_problems, is_marked, mark, open_profile


def emails_to(world: World, address: str) -> list[dict[str, Any]]:
    """The emails that Amazon took for an address."""
    found = requests.get(f"{world.mail_url}/_control/messages", timeout=10).json()["messages"]
    return [email for email in found if email["to"] == [address]]


def wait_for_email(world: World, address: str) -> dict[str, Any]:
    """The newest email to an address, once there is one."""
    deadline = time.monotonic() + 30
    while not (found := emails_to(world, address)):
        assert time.monotonic() < deadline, "no email came"
        time.sleep(0.1)
    return found[-1]


def send_card(frame: Frame) -> None:
    """Open the menu and press its button, twice in a hurry."""
    frame.locator("#more > summary").click()
    frame.get_by_role("button", name="Send Loyalty Card").dblclick()


def test_staff_send_the_card_and_the_member_opens_it(admin: Admin) -> None:
    frame = admin.open("/members")
    open_profile(frame, 3)
    mark(frame)
    address = frame.locator(".facts bdi", has_text="@").inner_text()

    send_card(frame)

    expect(admin.toast).to_have_text("Loyalty card is on its way")
    newest = frame.locator(".timeline > li").first
    expect(newest).to_contain_text("Email asked for")
    expect(frame.locator("#more")).not_to_have_attribute("open", "")
    assert is_marked(frame)
    email = wait_for_email(admin.world, address)
    page = admin.page.context.new_page()
    page.goto(f"{admin.world.mail_url}/inbox/{email['id']}")
    letter = page.frame_locator("iframe")
    for label in ("Add to Apple Wallet", "Add to Google Wallet"):
        expect(letter.get_by_role("link", name=label)).to_be_visible()
    with page.context.expect_page() as opened:
        letter.get_by_role("link", name="Open my card").click()
    card = opened.value
    card.wait_for_load_state()
    assert urlsplit(card.url).path.startswith("/card/")
    expect(card.locator("body")).to_contain_text("points")
    assert len(emails_to(admin.world, address)) == 1


def test_a_bounced_address_is_told_beside_the_button_and_can_be_cleared(admin: Admin) -> None:
    frame = admin.open("/members")
    open_profile(frame, 4)
    address = frame.locator(".facts bdi", has_text="@").inner_text()
    send_card(frame)
    email = wait_for_email(admin.world, address)
    bounce = {"message_id": email["id"], "type": "Permanent"}
    answer = requests.post(f"{admin.world.mail_url}/_control/bounce", json=bounce, timeout=40)
    assert answer.json()["statuses"] == [200]

    admin.page.reload()
    frame = admin.settle()
    send_card(frame)

    expect(frame.locator("#send-card-error")).to_contain_text("550 5.1.1")
    expect(frame.locator("#email-state")).to_contain_text("Hard bounce")
    assert accessibility_problems(frame) == []
    frame.get_by_role("button", name="Clear bounce").click()
    expect(admin.toast).to_have_text("Emails can be sent to this address again")
    expect(frame.locator("#email-state")).not_to_contain_text("Hard bounce")
    expect(frame.locator("#send-card-error")).to_have_count(0)
