"""Every dialog of a profile and of a segment: opened by its own button, it offends nobody, and
Escape closes it.
"""

import pytest
from playwright.sync_api import Frame, expect

from tests.browser.admin import Admin, accessibility_problems, overflow
from tests.browser.test_every_page import picture, someone

pytestmark = pytest.mark.browser

PROFILE = {
    *("adjust", "send-push", "send-email", "add-to-segment", "edit-details", "archive", "erase"),
}


def test_each_dialog_of_a_profile_is_right_on_a_desktop(admin: Admin) -> None:
    frame = admin.open(f"/members/{someone(admin)}")

    assert walk(frame, admin, "desktop/profile") >= PROFILE


def test_each_dialog_of_a_profile_is_right_on_a_phone(admin_on_phone: Admin) -> None:
    frame = admin_on_phone.open(f"/members/{someone(admin_on_phone)}")

    assert walk(frame, admin_on_phone, "phone/profile") >= PROFILE


def test_each_dialog_of_a_profile_is_right_from_right_to_left(admin: Admin) -> None:
    frame = admin.open_in("ar", f"/app/members/{someone(admin)}")

    assert walk(frame, admin, "rtl/profile") >= PROFILE


def test_the_dialog_of_a_segment_is_right(admin: Admin) -> None:
    frame = admin.open("/segments")
    frame.locator(".row-link").first.click()
    expect(frame.locator("[data-open=remove-segment]")).to_be_attached()

    assert walk(frame, admin, "desktop/segment") == {"remove-segment"}


def walk(frame: Frame, admin: Admin, name: str) -> set[str]:
    """Open and close each dialog of the page once; the ids of those that were seen."""
    openers = frame.locator("[data-open]")
    seen: set[str] = set()
    for number in range(openers.count()):
        opener = openers.nth(number)
        wanted = opener.get_attribute("data-open") or ""
        if wanted in seen:
            continue
        if not opener.is_visible():
            frame.locator("#more > summary").click()
        opener.click()
        dialog = frame.locator(f"dialog#{wanted}")
        expect(dialog).to_be_visible()
        picture(admin, f"{name}-{wanted}")
        assert accessibility_problems(frame) == [], wanted
        assert overflow(frame) <= 0, wanted
        admin.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        seen.add(wanted)
    assert frame.evaluate("window.violations") == []
    return seen
