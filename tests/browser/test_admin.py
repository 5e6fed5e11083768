"""R5, R14, R25, R72: the admin pages at work inside a frame of another site."""

import re

import pytest
from playwright.sync_api import Frame, expect

from shopify_app.admin.languages import words_of
from tests.browser.admin import (
    Admin,
    accessibility_problems,
    is_marked,
    mark,
    open_profile,
    overflow,
    shift,
)

pytestmark = pytest.mark.browser

PAGES = ("", "/members", "/members?search=nobody%20at%20all", "/members/nobody")


def test_menu_and_rows_lead_through_the_app_without_a_new_document(admin: Admin) -> None:
    frame = admin.open()
    mark(frame)

    admin.menu("Members")
    expect(frame.get_by_role("heading", level=1, name="Members")).to_be_visible()
    name = open_profile(frame)

    assert is_marked(frame)
    expect(admin.page).to_have_url(re.compile("/apps/encore/members/[0-9a-f-]{36}$"))
    expect(admin.page.locator("#title")).to_have_text(name)
    frame.get_by_role("link", name="Back to members").click()
    expect(frame.get_by_role("heading", level=1, name="Members")).to_be_visible()
    admin.page.go_back()
    expect(frame.get_by_role("heading", level=1, name=name)).to_be_visible()
    assert is_marked(frame)


def test_reload_comes_back_to_the_same_member(admin: Admin) -> None:
    frame = admin.open("/members")
    name = open_profile(frame)

    frame.evaluate("location.reload()")
    expect(frame.get_by_role("heading", level=1, name=name)).to_be_visible()
    admin.page.reload()

    expect(admin.settle().get_by_role("heading", level=1, name=name)).to_be_visible()


def test_search_and_sort_change_the_list_alone(admin: Admin) -> None:
    frame = admin.open("/members")
    mark(frame)
    first = frame.locator(".row-link").first.inner_text()

    frame.get_by_role("searchbox").type(first[:4], delay=30)
    expect(frame.get_by_role("searchbox")).to_be_focused()
    expect(admin.page).to_have_url(re.compile(f"search={first[:4]}"))
    expect(frame.locator(".row-link").first).to_contain_text(first[:4])
    frame.get_by_role("link", name="Name").click()
    expect(frame.locator('th[aria-sort="ascending"]')).to_contain_text("Name")

    assert is_marked(frame)
    expect(frame.get_by_role("searchbox")).to_have_value(first[:4])


def test_adjustment_updates_the_page_in_place_and_says_so(admin: Admin) -> None:
    frame = admin.open("/members")
    open_profile(frame, 1)
    mark(frame)
    before = int(frame.locator("#points").get_attribute("data-balance") or "")

    frame.get_by_role("button", name="Grant").click()
    dialog = frame.get_by_role("dialog")
    dialog.get_by_label("Points").fill("lots")
    dialog.get_by_label("Note").fill("Parcel came late")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator("#points-error")).to_contain_text("whole number")
    expect(dialog.get_by_label("Points")).to_be_focused()
    expect(dialog.get_by_label("Note")).to_have_value("Parcel came late")
    dialog.get_by_label("Points").fill("250")
    expect(dialog.locator("[data-preview]")).to_contain_text(f"After: {before + 250:,}")
    dialog.get_by_label("Reason").select_option("service_recovery")
    dialog.get_by_role("button", name="Save").click()

    expect(admin.toast).to_have_text("250 points added")
    expect(dialog).not_to_be_visible()
    expect(frame.locator("#summary dd").first).to_have_text(f"{before + 250:,}")
    newest = frame.locator(".timeline > li").first
    expect(newest).to_contain_text("+250")
    expect(newest).to_contain_text("Parcel came late")
    expect(frame.locator("#last-transaction")).to_contain_text("+250 points")
    assert is_marked(frame)

    frame.get_by_role("button", name="Deduct").click()
    expect(dialog.get_by_label("Points")).to_have_value("−")
    dialog.get_by_label("Points").press_sequentially("999999")
    dialog.get_by_label("Reason").select_option("other")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator("#points-error")).to_contain_text("fewer points")


def test_tabs_and_load_more_stay_on_the_page(admin: Admin) -> None:
    frame = admin.open("/members?sort=-points")
    open_profile(frame)
    mark(frame)

    frame.get_by_role("link", name="Orders").click()
    expect(frame.locator("table.orders, .empty").first).to_be_visible()
    frame.get_by_role("link", name="Timeline").click()
    expect(frame.locator("#timeline-title")).to_be_visible()

    assert is_marked(frame)


@pytest.mark.parametrize("path", PAGES)
def test_pages_have_no_accessibility_problem(admin: Admin, path: str) -> None:
    assert accessibility_problems(admin.open(path)) == []


def test_profile_its_tabs_and_dialog_have_no_accessibility_problem(admin: Admin) -> None:
    frame = admin.open("/members")
    open_profile(frame, 2)
    problems = accessibility_problems(frame)
    frame.get_by_role("link", name="Orders").click()
    expect(frame.locator("table.orders, .empty").first).to_be_visible()
    problems += accessibility_problems(frame)
    frame.get_by_role("button", name="Update balance").click()
    frame.get_by_role("button", name="Save").click()
    expect(frame.locator("#points-error")).to_be_visible()

    assert problems + accessibility_problems(frame) == []


@pytest.mark.parametrize("locale", ["en", "ar"])
def test_phone_shows_every_page_without_scrolling_sideways(
    admin_on_phone: Admin, locale: str
) -> None:
    said = words_of(locale).gettext
    frame = admin_on_phone.open_in(locale, "/app/members")
    widths = [overflow(frame)]
    open_profile(frame)
    widths.append(overflow(frame))
    frame.get_by_role("link", name=said("Orders")).click()
    expect(frame.locator("table.orders, .empty").first).to_be_visible()
    widths.append(overflow(frame))
    frame.get_by_role("button", name=said("Update balance")).click()
    widths.append(overflow(frame))

    assert widths == [0, 0, 0, 0]
    assert accessibility_problems(frame) == []


def test_arabic_staff_read_from_right_to_left(admin: Admin) -> None:
    frame = admin.open_in("ar", "/app/members")

    assert frame.evaluate("document.documentElement.dir") == "rtl"
    joined, name = map(words_of("ar").gettext, ("Joined", "Name"))
    assert _left(frame, f"th:has-text('{joined}')") < _left(frame, f"th:has-text('{name}')")


def test_nothing_breaks_the_policy_and_nothing_jumps(admin: Admin) -> None:
    for path in PAGES:
        frame = admin.open(path)
        assert frame.evaluate("violations") == [], path
        assert shift(frame) <= 0.1, path
    frame = admin.open("/members")
    open_profile(frame)
    assert frame.evaluate("violations") == []


def test_token_of_the_first_load_leaves_the_address(admin: Admin) -> None:
    frame = admin.open()

    assert "id_token" not in frame.evaluate("location.href")
    assert "id_token" not in admin.page.url


def _left(frame: Frame, selector: str) -> float:
    box = frame.locator(selector).first.bounding_box()
    assert box is not None
    return box["x"]
