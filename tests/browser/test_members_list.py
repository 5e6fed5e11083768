"""R20–R28: the members list at work inside a frame of another site, by keyboard and on a phone."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Frame, expect

from tests.browser.admin import Admin, accessibility_problems, is_marked, mark, overflow

pytestmark = pytest.mark.browser


def test_filters_open_by_keyboard_and_stand_as_chips_that_go_one_by_one(admin: Admin) -> None:
    frame = admin.open("/members")
    mark(frame)

    frame.locator("#filter-panel > summary").focus()
    admin.page.keyboard.press("Enter")
    frame.get_by_role("checkbox", name="Not installed").focus()
    admin.page.keyboard.press("Space")
    expect(frame.locator(".chip", has_text="Card on a phone: Not installed")).to_be_visible()
    expect(frame.get_by_role("checkbox", name="Not installed")).to_be_focused()
    points = frame.get_by_role("group", name="Points").get_by_label("From")
    points.fill("lots")
    points.press("Tab")
    expect(frame.locator("#points_from-error")).to_contain_text("whole number")
    expect(points).to_have_value("lots")
    points.fill("1")
    points.press("Tab")
    expect(frame.locator(".chip", has_text="Points: from 1")).to_be_visible()
    expect(admin.page).to_have_url(re.compile("points_from=1"))

    frame.get_by_role("link", name="Remove filter Points: from 1").click()

    expect(frame.locator(".chip", has_text="Points: from 1")).to_have_count(0)
    expect(frame.locator(".chip", has_text="Card on a phone")).to_be_visible()
    assert is_marked(frame)


def test_a_view_is_saved_shown_and_deleted(admin: Admin) -> None:
    frame = admin.open("/members?consent=none&sort=name")

    frame.get_by_text("Save as view").click()
    frame.get_by_role("button", name="Save view").click()
    expect(frame.locator("#view_name-error")).to_contain_text("Enter a name")
    frame.get_by_label("Name of this view").fill("Silent ones")
    frame.get_by_role("button", name="Save view").click()
    expect(admin.toast).to_have_text("View saved")
    frame.get_by_role("link", name="All members").click()
    expect(frame.locator(".chips")).to_have_count(0)
    frame.get_by_role("link", name="Silent ones").click()
    expect(frame.locator(".chip", has_text="Email consent: No consent")).to_be_visible()

    frame.get_by_role("button", name="Delete view “Silent ones”").click()

    expect(admin.toast).to_have_text("View deleted")
    expect(frame.get_by_role("link", name="Silent ones")).to_have_count(0)


def test_ticked_members_are_counted_and_go_into_a_segment(admin: Admin) -> None:
    frame = admin.open("/members")
    bar = frame.get_by_role("form", name="For selected members")
    expect(bar).not_to_be_visible()

    frame.locator("[data-mark]").nth(0).check()
    frame.locator("[data-mark]").nth(1).check()
    expect(bar.get_by_role("status")).to_have_text("2 selected")
    frame.get_by_label("Select all on this page").check()
    bar.get_by_label("Select all who match").check()
    expect(bar.get_by_role("status")).to_have_text("All who match")
    bar.get_by_role("button", name="Add to segment").click()
    expect(frame.get_by_role("heading", level=1, name="Add to segment")).to_be_visible()
    expect(frame.get_by_text("All members")).to_be_visible()
    assert accessibility_problems(frame) == []
    frame.get_by_role("button", name="Add to segment").click()
    expect(frame.locator("#segment_id-error")).to_contain_text("Choose a segment")
    frame.get_by_label("Segment", exact=True).select_option(index=1)
    frame.get_by_role("button", name="Add to segment").click()

    expect(frame.locator(".page-header .badge", has_text="Done")).to_be_visible(timeout=120_000)


def test_the_file_of_all_members_is_fetched(admin: Admin) -> None:
    frame = admin.open("/members")

    with admin.page.expect_download() as download:
        frame.get_by_role("button", name="Export CSV").click()

    assert re.fullmatch(r"members-\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)
    lines = Path(download.value.path()).read_bytes().split(b"\r\n")
    assert len(lines) > 10
    expect(frame.get_by_role("button", name="Export CSV")).to_be_enabled()


@pytest.mark.parametrize("path", ["/members?panel=1&consent=none", "/members/new"])
def test_pages_have_no_accessibility_problem(admin: Admin, path: str) -> None:
    assert accessibility_problems(admin.open(path)) == []


@pytest.mark.parametrize("path", ["/members?panel=1&consent=none", "/members/new"])
def test_pages_fit_a_phone(admin_on_phone: Admin, path: str) -> None:
    assert overflow(admin_on_phone.open(path)) <= 0


def test_a_member_is_added_by_hand(admin: Admin) -> None:
    frame = admin.open("/members")

    frame.get_by_role("link", name="Add member").click()
    add(frame, "Dora Diaz", "dora at example.com")
    expect(frame.locator("#contact-error")).to_be_visible()
    expect(frame.get_by_label("Name", exact=True)).to_have_value("Dora Diaz")
    add(frame, "Dora Diaz", "dora.diaz@example.com")

    expect(frame.get_by_role("heading", level=1, name="Dora Diaz")).to_be_visible()
    expect(admin.toast).to_have_text("Member added")
    frame.get_by_role("link", name="Back to members").click()
    expect(frame.locator(".row-link").first).to_have_text("Dora Diaz")


def add(frame: Frame, name: str, contact: str) -> None:
    """Fill the form and send it."""
    frame.get_by_label("Name", exact=True).fill(name)
    frame.get_by_label("Email or phone number").fill(contact)
    frame.get_by_role("button", name="Add member").click()
