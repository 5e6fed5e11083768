"""R136, R137, R154: from a segment made by hand to a campaign, and what became of it."""

from typing import Any

import pytest
import requests
from playwright.sync_api import Frame, expect

from sandbox.demo import story
from sandbox.demo.world import SHOPS, World
from sandbox.servers.launching import wait_until
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


def buy(world: World, customer: dict[str, Any]) -> None:
    """The customer orders something in the shop."""
    control, shop = f"{world.shopify_url}/_control", {"shop": SHOPS[0]}
    product = requests.get(f"{control}/state", params=shop, timeout=30).json()["products"][0]
    lines = [{"product_id": product["id"], "quantity": 1}]
    order = shop | {"customer_id": customer["id"], "source": "web", "lines": lines}
    requests.post(f"{control}/orders", json=order, timeout=30).raise_for_status()
    wait_until(
        lambda: requests.get(f"{control}/state", params=shop, timeout=30).json()["webhooks_idle"],
        timeout_s=120,
        what="the webhooks of the order",
    )
    story.operate(world, "wait-for-work")


def expect_result(frame: Frame, label: str, *figures: str) -> None:
    """A row of the card: those told beside those held out."""
    card = frame.get_by_role("region", name="Result")
    row = card.locator("tbody tr", has=frame.get_by_role("rowheader", name=label, exact=True))
    expect(row.locator("td")).to_have_text(figures)


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
    expect(frame.get_by_role("region", name="Result")).to_contain_text("Nobody was held out")
    expect_result(frame, "Members", "1", "0")
    expect_result(frame, "Ordered within 14 days", "0 (0%)", "0")
    problems += accessibility_problems(frame)
    for customer in people:
        buy(world, customer)
    frame.get_by_role("link", name="See each member").click()
    expect(frame.locator("#recipients tbody tr")).to_have_count(2)
    with admin.page.expect_download() as download:
        frame.get_by_role("button", name="Download as CSV").click()
    rows = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert sorted(row.split(",")[3] for row in rows[1:]) == ["Left out", "Sent"]
    problems += accessibility_problems(frame)
    frame.get_by_role("link", name="Back to the campaign").click()
    # Whoever was not told may order: it is none of the campaign's.
    expect_result(frame, "Members", "1", "0")
    expect_result(frame, "Ordered within 14 days", "1 (100%)", "0")
    assert is_marked(frame) and problems == []
    assert frame.evaluate("window.violations") == []


def test_a_phone_shows_campaigns_without_scrolling_sideways(
    people: list[dict[str, Any]], admin_on_phone: Admin
) -> None:
    for path in ("/campaigns", "/campaigns/new"):
        frame = admin_on_phone.open(path)

        assert overflow(frame) == 0, path
        assert accessibility_problems(frame) == []
