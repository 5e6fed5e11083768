"""R142, R151, R154, R156–R166: the settings, filled in and saved to their end in a browser."""

import pytest
from playwright.sync_api import expect

from sandbox.demo import story
from sandbox.demo.world import SHOPS, World
from tests.browser.admin import Admin, is_marked, mark

pytestmark = pytest.mark.browser

_PROGRAMME = "/settings/programme"


def test_limits_of_the_till_are_set_and_taken_away(admin: Admin) -> None:
    frame = admin.open("/settings/till")
    mark(frame)
    day, limit = frame.locator("#till-day-form"), frame.locator("#till-limit-form")
    day.get_by_label("Points that a user may grant in a day").fill("many")
    day.get_by_role("button", name="Save").click()
    expect(day.locator("#grant_per_day-error")).to_be_visible()
    expect(day.get_by_label("Points that a user may grant in a day")).to_have_value("many")
    day.get_by_label("Points that a user may grant in a day").fill("500")
    day.get_by_role("button", name="Save").click()
    expect(day.locator("#grant_per_day-error")).to_have_count(0)
    expect(day.get_by_label("Points that a user may grant in a day")).to_have_value("500")

    limit.get_by_label("User").fill("4711")
    limit.get_by_label("Points to grant in a day").fill("25")
    limit.get_by_role("button", name="Set limit").click()
    row = frame.get_by_role("row", name="4711")
    expect(row).to_contain_text("25")
    row.get_by_role("button").click()
    expect(row).to_have_count(0)
    assert is_marked(frame)


def test_a_manager_gets_a_pin_that_is_never_shown(admin: Admin) -> None:
    frame = admin.open("/settings/till")
    form = frame.locator("#till-manager-form")
    form.get_by_label("Manager’s name").fill("Manuela")
    form.get_by_label("PIN", exact=True).fill("12")
    form.get_by_role("button", name="Set PIN").click()
    expect(form.locator("#pin-error")).to_be_visible()
    expect(form.get_by_label("PIN", exact=True)).to_have_value("")
    form.get_by_label("PIN", exact=True).fill("270491")
    form.get_by_role("button", name="Set PIN").click()

    row = frame.get_by_role("row", name="Manuela")
    expect(row).to_be_visible()
    assert "270491" not in frame.content()
    row.get_by_role("button").click()
    expect(row).to_have_count(0)


def test_the_audit_is_searched(admin: Admin) -> None:
    frame = admin.open("/settings/audit")
    mark(frame)
    frame.get_by_label("Search the trail").fill("no such deed")
    expect(frame.get_by_text("Nothing of that kind was done.")).to_be_visible()
    frame.get_by_label("Search the trail").fill("")
    frame.get_by_label("Who", exact=True).select_option(label="Staff in Shopify admin")
    expect(frame.locator("#audit tbody tr").first).to_be_visible()
    frame.get_by_label("From", exact=True).fill("2026-12-24")
    frame.get_by_label("To", exact=True).fill("2026-12-01")
    expect(frame.locator("#last-error")).to_be_visible()
    assert is_marked(frame)


def test_the_programme_is_paused_and_goes_on(admin: Admin) -> None:
    frame = admin.open(_PROGRAMME)
    frame.get_by_role("button", name="Pause the programme").click()
    expect(frame.locator("#resume_mode-error")).to_be_visible()
    frame.get_by_label("Orders paid meanwhile earn when the programme goes on").check()
    frame.get_by_role("button", name="Pause the programme").click()
    expect(frame.get_by_role("heading", name="The programme is paused")).to_be_visible()

    frame.get_by_role("button", name="Let it go on").click()

    expect(frame.get_by_role("heading", name="The programme goes on")).to_be_visible()


def test_a_rule_is_tried_on_an_order_before_it_is_saved(admin: Admin) -> None:
    frame = admin.open(f"{_PROGRAMME}/rules/new?kind=order")
    frame.get_by_label("Name", exact=True).fill("Three for one")
    frame.get_by_label("Points per USD 1").fill("3")
    trial = frame.locator("#rule-trial")
    frame.get_by_role("button", name="Try it").click()
    expect(trial).to_contain_text("points")
    frame.get_by_label("Points per USD 1").fill("less")
    frame.get_by_role("button", name="Try it").click()

    expect(trial.locator("#trial-error")).to_be_visible()


def test_tiers_are_tried_before_they_are_saved(admin: Admin, world: World) -> None:
    frame = admin.open(f"{_PROGRAMME}/tiers")
    mark(frame)
    rows = frame.get_by_label("Name", exact=True)
    for left in range(rows.count(), 0, -1):
        frame.get_by_role("button", name=f"Remove tier {left}").click()
        expect(rows).to_have_count(left - 1)
    frame.get_by_role("button", name="Add a tier").click()
    frame.get_by_label("Name", exact=True).last.fill("Explorer")
    frame.get_by_label("From (", exact=False).last.fill("1")
    frame.get_by_label("The shop has tiers").check()
    frame.get_by_role("button", name="See who moves").click()
    expect(frame.get_by_role("heading", name="If you save this")).to_be_visible()
    expect(frame.get_by_text("rise and")).to_be_visible()
    frame.get_by_role("button", name="Save", exact=True).click()
    expect(admin.toast).to_be_visible()
    expect(frame.get_by_label("Name", exact=True).last).to_have_value("Explorer")
    assert is_marked(frame)
    story.operate(
        world, "set-tiers", "--shop", SHOPS[0], "--write", "--off", "--tier", "Explorer:1:1"
    )
