"""R136, R137, R154: from a segment made by hand to a campaign, and what became of it."""

from typing import Any

import pytest
import requests
from playwright.sync_api import Frame, expect

from sandbox.demo import story
from sandbox.demo.world import SHOPS, World
from tests.browser.admin import Admin, accessibility_problems, is_marked, mark, overflow
from tests.browser.test_emails import emails_to, wait_for_email

pytestmark = pytest.mark.browser

SEGMENT, CAMPAIGN = "Friends of the house", "Spring evening"


@pytest.fixture(scope="module")
def people(world: World) -> list[dict[str, Any]]:
    """Two customers with an address: the first agrees to marketing emails, the second does not."""
    control, shop = f"{world.shopify_url}/_control", {"shop": SHOPS[0]}
    found = requests.get(f"{control}/customers", params=shop, timeout=30).json()
    chosen = [one for one in found if one.get("email")][10:12]
    for customer, said in zip(chosen, ("subscribed", "unsubscribed"), strict=True):
        address = f"{control}/customers/{customer['id']}/consent"
        requests.post(address, json=shop | {"email": said}, timeout=30).raise_for_status()
    story.operate(world, "wait-for-work")
    return chosen


def put_in(frame: Frame, email: str) -> None:
    frame.get_by_label("Find a member to put in").fill(email)
    found = frame.locator("#segment-found li", has_text=email)
    found.get_by_role("button", name="Put in").click()
    expect(frame.locator("#segment-members")).to_contain_text(email)


def test_from_a_segment_to_the_result_of_its_campaign(
    people: list[dict[str, Any]], admin: Admin, world: World
) -> None:
    agreed, refused = (one["email"] for one in people)
    frame = admin.open("/segments")
    mark(frame)
    frame.get_by_role("link", name="New by hand").click()
    frame.get_by_label("Name").fill(SEGMENT)
    frame.get_by_role("button", name="Save").click()
    expect(frame.get_by_role("heading", level=1, name=SEGMENT)).to_be_visible()
    for email in (agreed, refused):
        put_in(frame, email)

    frame.get_by_role("link", name="New campaign").click()
    expect(frame.get_by_label(SEGMENT)).to_be_checked()
    frame.get_by_role("button", name="Save").click()
    expect(frame.locator("#name-error")).to_contain_text("Give it a name")
    problems = accessibility_problems(frame)
    frame.get_by_label("Name", exact=True).fill(CAMPAIGN)
    frame.get_by_label("Subject of the email").fill("{{ first_name | Hello }}, an evening for you")
    frame.get_by_label("Text of the email").fill("We open late on Friday.\nCome and see.")
    frame.get_by_label("Held out, in percent").fill("0")
    frame.get_by_role("button", name="Save").click()

    expect(admin.toast).to_have_text("Campaign saved")
    card = frame.locator("#forecast")
    expect(card).to_contain_text("Would get it")
    expect(card.locator("table")).to_contain_text("Email: Has unsubscribed")
    problems += accessibility_problems(frame)
    frame.get_by_role("button", name="Send me a test").click()
    expect(admin.toast).to_contain_text("Sent to")
    card.get_by_role("button", name="Start").click()
    frame.get_by_role("dialog").get_by_role("button", name="Start now").click()

    expect(frame.get_by_text("Done", exact=True)).to_be_visible(timeout=90_000)
    assert "an evening for you" in wait_for_email(world, agreed)["subject"]
    assert not any("an evening" in one["subject"] for one in emails_to(world, refused))
    expect(frame.locator("#live")).to_contain_text("2 of 2 members")
    problems += accessibility_problems(frame)
    frame.get_by_role("link", name="See each member").click()
    expect(frame.locator("#recipients tbody tr")).to_have_count(2)
    with admin.page.expect_download() as download:
        frame.get_by_role("button", name="Download as CSV").click()
    rows = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert sorted(row.split(",")[3] for row in rows[1:]) == ["Left out", "Sent"]
    problems += accessibility_problems(frame)
    assert is_marked(frame) and problems == []
    assert frame.evaluate("window.violations") == []


def test_a_phone_shows_campaigns_without_scrolling_sideways(
    people: list[dict[str, Any]], admin_on_phone: Admin
) -> None:
    for path in ("/campaigns", "/campaigns/new"):
        frame = admin_on_phone.open(path)

        assert overflow(frame) == 0, path
        assert accessibility_problems(frame) == []
