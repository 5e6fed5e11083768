"""The pages about emails in a browser: a switch behind its reach, and words seen while typed."""

from playwright.sync_api import expect

from tests.browser.admin import Admin, accessibility_problems, shift
from tests.browser.test_every_page import picture


def test_a_kind_is_switched_on_after_its_reach_was_shown(admin: Admin) -> None:
    frame = admin.open("/emails")
    row = frame.locator("#switch-data_request")

    row.get_by_role("button", name="Switch on").click()
    expect(row).to_contain_text("Today it would reach")
    assert accessibility_problems(frame) == []
    row.get_by_role("button", name="Switch on now").click()

    expect(admin.toast).to_have_text("Data request is on")
    expect(row.get_by_role("button", name="Switch off")).to_be_visible()
    row.get_by_role("button", name="Switch off").click()
    expect(admin.toast).to_have_text("Data request is off")
    expect(frame.get_by_text("sent in 24 hours")).to_be_visible()


def test_words_are_seen_while_they_are_typed_and_saved(admin: Admin) -> None:
    frame = admin.open("/emails/birthday/en")
    letter = frame.frame_locator("#mail-preview iframe")
    heading = letter.get_by_text("Happy birthday!")
    expect(heading).to_be_visible()
    assert heading.evaluate("e => getComputedStyle(e.parentElement).fontSize") == "24px"
    assert accessibility_problems(frame) == []

    frame.get_by_label("Phone").check()
    box = frame.locator("#mail-preview iframe").bounding_box()
    assert box is not None and box["width"] <= 377

    frame.get_by_label("Headline").fill("Cheers to {{ first_name }}")
    expect(letter.get_by_text("Cheers to Alex")).to_be_visible()
    frame.get_by_label("Text").fill("{{ secret }}")
    expect(frame.locator("#mail-preview")).to_contain_text("no field “secret”")
    frame.get_by_role("button", name="Save").click()
    expect(frame.locator("#text-error")).to_contain_text("Line 1")
    frame.get_by_label("Text").fill("All the best, {{ first_name }}.")
    frame.get_by_role("button", name="Save").click()

    expect(admin.toast).to_have_text("Email saved")
    expect(frame.get_by_text("Your words")).to_be_visible()
    frame.get_by_role("button", name="Back to the original").click()
    expect(letter.get_by_text("Happy birthday!")).to_be_visible()


def test_colours_are_seen_before_they_are_saved(admin: Admin) -> None:
    frame = admin.open("/emails")
    shown = frame.frame_locator("#mail-colours-preview iframe").locator("body")
    expect(shown).to_contain_text("Alex")
    assert accessibility_problems(frame) == []
    assert shift(frame) < 0.01

    frame.get_by_label("Background").fill("#ffd447")

    expect(shown).to_have_css("background-color", "rgb(255, 212, 71)")
    frame.locator("#mail-colours").scroll_into_view_if_needed()
    picture(admin, "desktop/emails-colours")
    expect(admin.open("/emails").get_by_label("Background")).to_have_value("#efe9f2")


def test_arabic_reads_from_right_to_left(admin: Admin) -> None:
    frame = admin.open("/emails/card/ar")
    letter = frame.frame_locator("#mail-preview iframe")

    heading = letter.get_by_text("هذه بطاقة الولاء")

    expect(heading).to_be_visible()
    assert heading.evaluate("e => getComputedStyle(e).direction") == "rtl"
    assert accessibility_problems(frame) == []
