"""Dialogs, each opened by its own button: none offends anybody, and Escape closes it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Frame, expect

from sandbox.demo import story
from sandbox.demo.world import SHOPS, World
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


@pytest.fixture
def has_tiers(world: World) -> Iterator[None]:
    """One tier, for this test alone."""
    said = ("set-tiers", "--shop", SHOPS[0], "--write")
    story.operate(world, *said, "--tier", "Friend:1:1")
    yield
    story.operate(world, *said, "--off", "--tier", "Friend:1:1")


def test_the_dialog_that_sets_a_tier_is_right(has_tiers: None, admin: Admin) -> None:
    frame = admin.open(f"/members/{someone(admin)}")

    assert "set-tier" in walk(frame, admin, "desktop/tiered")


def test_the_dialogs_of_a_reader_are_right(admin: Admin) -> None:
    frame = admin.open("/settings/programme/locations")
    form = frame.locator("#reader-form")
    form.get_by_label("Name").fill("Counter")
    form.get_by_label("Location").select_option(index=1)
    form.get_by_role("button", name="Make a reader").click()
    expect(frame.get_by_text("The reader’s key")).to_be_visible()

    seen = walk(frame, admin, "desktop/reader")

    assert {one.partition("-")[0] for one in seen} == {"rotate", "end"}


def test_the_dialog_of_a_draft_is_right(admin: Admin, world: World) -> None:
    campaign_id = story.operate(
        world, "save-campaign", "--shop", SHOPS[0], "--name", "Draft", "--channel", "push",
        "--push-text", "Soon",
    )  # fmt: skip
    frame = admin.open(f"/campaigns/{campaign_id}")

    assert walk(frame, admin, "desktop/draft") == {"remove"}


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
