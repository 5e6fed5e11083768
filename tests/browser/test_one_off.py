"""R71, R77, R139: staff write to one member, and give points to many, inside Shopify admin."""

import pytest
from playwright.sync_api import expect

from sandbox.demo import story
from sandbox.demo.world import SHOPS, World
from tests.browser.admin import (
    Admin,
    accessibility_problems,
    is_marked,
    mark,
    open_profile,
    overflow,
)

pytestmark = pytest.mark.browser


def test_email_is_written_with_a_preview_and_sent_once(admin: Admin, world: World) -> None:
    frame = admin.open("/members")
    open_profile(frame, 7)
    mark(frame)
    frame.locator("#more > summary").click()
    frame.get_by_role("button", name="Send Email").click()
    dialog = frame.get_by_role("dialog", name="Send Email")
    dialog.get_by_label("Subject").fill("Your scarf")
    dialog.get_by_label("Text").fill("Hello {{ first_name }}, it is here.")
    shown = dialog.frame_locator("iframe").locator("body")
    expect(shown).to_contain_text("it is here.")
    expect(shown).not_to_contain_text("first_name")
    problems = accessibility_problems(frame)
    dialog.get_by_label("This answers the member").check()
    dialog.get_by_role("button", name="Send email").click()

    expect(admin.toast).to_have_text("Email is on its way")
    expect(dialog).to_be_hidden()
    expect(frame.locator(".timeline > li").first).to_contain_text("Written to this member")
    assert is_marked(frame)
    assert problems == []


def test_push_to_a_member_without_a_card_is_refused_in_the_dialog(
    admin: Admin, world: World
) -> None:
    person = ("--name", "Nora Newcomer", "--contact", "nora.newcomer@example.com")
    added = story.operate(world, "add-member", "--shop", SHOPS[0], *person)
    frame = admin.open(f"/members/{added.split()[0]}")
    frame.locator("#more > summary").click()
    frame.get_by_role("button", name="Send Push").click()
    dialog = frame.get_by_role("dialog", name="Send Push")
    dialog.get_by_label("Text").fill("Your scarf is here")
    expect(dialog.locator("#push-preview")).to_contain_text("Your scarf is here")
    dialog.get_by_role("button", name="Send push").click()

    expect(dialog.locator(".field-error")).to_contain_text("The card is on no phone")
    expect(dialog.get_by_label("Text")).to_have_value("Your scarf is here")
    assert accessibility_problems(frame) == []


def test_points_are_given_to_a_segment_and_taken_back(admin: Admin, world: World) -> None:
    frame = admin.open("/group-grants/new")
    mark(frame)
    frame.get_by_label("Segment", exact=True).select_option(label="Big spenders")
    frame.get_by_label("Points for each member").fill("25")
    frame.get_by_label("Reason").select_option(label="VIP bonus")
    expect(frame.locator("#group-grant-forecast")).to_contain_text("together")
    problems = accessibility_problems(frame)
    frame.get_by_role("button", name="Give points").click()

    expect(frame.get_by_role("heading", level=1)).to_contain_text("Points for")
    story.operate(world, "wait-for-work")
    expect(frame.locator(".page-header .badge")).to_have_text("Given")
    frame.get_by_role("button", name="Take the points back").click()
    frame.get_by_role("button", name="Take back", exact=True).click()
    story.operate(world, "wait-for-work")
    expect(frame.locator(".page-header .badge")).to_have_text("Taken back")
    problems += accessibility_problems(frame)
    assert is_marked(frame)
    assert problems == []


def test_phone_shows_the_form_without_scrolling_sideways(admin_on_phone: Admin) -> None:
    frame = admin_on_phone.open("/group-grants/new")

    assert overflow(frame) == 0
