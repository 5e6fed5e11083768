"""R78, R121–R124, R160: a segment written in rows, filled, and corrected by hand, in a browser."""

import re

import pytest
from playwright.sync_api import expect

from sandbox.demo import story
from sandbox.demo.world import World
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


def test_a_segment_is_written_counted_saved_and_corrected(admin: Admin, world: World) -> None:
    frame = admin.open()
    mark(frame)
    admin.menu("Segments")
    expect(frame.get_by_role("heading", level=1, name="Segments")).to_be_visible()
    expect(frame.locator("tbody")).to_contain_text("Big spenders")
    problems = accessibility_problems(frame)

    # when: a rule of two conditions is written, counted meanwhile
    frame.get_by_role("link", name="New segment").click()
    first = frame.locator(".rule-row").nth(0)
    first.get_by_label("What to look at").select_option("total_spend")
    first.get_by_label("How it is compared").select_option("at_least")
    first.get_by_label("Value").fill("1.00")
    expect(frame.locator("#rule-size")).to_have_text(re.compile(r"\d+ members fit this now"))
    frame.get_by_role("button", name="Add a condition").click()
    expect(frame.locator("#rule-size")).to_contain_text("Complete the conditions")
    second = frame.locator(".rule-row").nth(1)
    second.get_by_label("Value").fill("many")
    expect(second).to_contain_text("Write a whole number")
    problems += accessibility_problems(frame)

    # then: what is wrong is refused where it is, and what was typed stays
    frame.get_by_role("button", name="Save").click()
    expect(frame.get_by_role("heading", name="Not saved")).to_be_visible()
    expect(frame.locator(".rule-row").nth(1)).to_contain_text("Write a whole number")
    expect(frame.locator(".rule-row").nth(0).get_by_label("Value")).to_have_value("1.00")
    frame.get_by_role("button", name="Remove this condition").nth(1).click()
    expect(frame.locator(".rule-row")).to_have_count(1)
    frame.get_by_label("Name").fill("Has spent")
    frame.get_by_role("button", name="Save").click()
    expect(admin.toast).to_have_text("Segment saved")
    expect(frame.get_by_role("heading", level=1, name="Has spent")).to_be_visible()
    expect(frame.get_by_text(re.compile("Total spend is at least"))).to_be_visible()

    # and: its members come by themselves, and one is kept out by hand
    story.operate(world, "wait-for-work")
    expect(frame.locator(".segment-members tbody tr").first).to_be_visible()
    name = frame.locator(".segment-members tbody th").first.get_by_role("link").inner_text()
    frame.get_by_role("button", name=f"Keep out: {name}", exact=True).click()
    expect(admin.toast).to_have_text("Kept out of Has spent")
    expect(frame.get_by_role("link", name="Kept out by hand 1")).to_be_visible()
    problems += accessibility_problems(frame)
    assert is_marked(frame)
    assert problems == []


def test_a_member_is_put_into_a_segment_from_their_page(admin: Admin) -> None:
    frame = admin.open("/segments")
    frame.get_by_role("link", name="New by hand").click()
    frame.get_by_label("Name").fill("Book club")
    frame.get_by_role("button", name="Save").click()
    expect(frame.get_by_role("heading", level=1, name="Book club")).to_be_visible()

    admin.menu("Members")
    open_profile(frame, 3)
    frame.locator("#more summary").click()
    frame.locator("#more").get_by_role("button", name="Add to Segment").click()
    dialog = frame.get_by_role("dialog", name="Add to Segment")
    dialog.get_by_label("Segment").select_option(label="Book club")
    problems = accessibility_problems(frame)
    dialog.get_by_role("button", name="Add", exact=True).click()

    expect(admin.toast).to_have_text("Put into Book club")
    expect(dialog).to_be_hidden()
    expect(frame.locator("#segment-badges")).to_contain_text("Book club")
    frame.get_by_role("link", name="Segments", exact=True).click()
    card = frame.locator("#segments-card")
    expect(card).to_contain_text("Book club")
    problems += accessibility_problems(frame)
    card.get_by_role("button", name="Take out: Book club").click()
    expect(card).not_to_contain_text("Book club")
    assert problems == []


@pytest.mark.parametrize("path", ["/segments", "/segments/new"])
def test_a_phone_shows_segments_without_scrolling_sideways(
    admin_on_phone: Admin, path: str
) -> None:
    frame = admin_on_phone.open(path)

    assert overflow(frame) == 0
    assert shift(frame) <= 0.1


def test_a_phone_shows_one_segment_without_scrolling_sideways(admin_on_phone: Admin) -> None:
    frame = admin_on_phone.open("/segments")
    frame.get_by_role("link", name="Never redeemed").click()
    expect(frame.get_by_role("heading", level=1, name="Never redeemed")).to_be_visible()

    assert overflow(frame) == 0
