"""R133: staff see what a member can redeem, redeem it for them, and take an unused code back."""

import json
import re

import pytest
from playwright.sync_api import Frame, Locator, expect

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

# Dear enough that no other test of this world comes near it.
MUG = {"name": "Mug", "kind": "fixed_amount", "amount": "5.00", "cost_points": 50_000}


@pytest.fixture(scope="module")
def has_reward(world: World) -> None:
    story.operate(world, "add-reward", "--shop", SHOPS[0], json.dumps(MUG))


def grant(frame: Frame, points: int) -> None:
    frame.get_by_role("button", name="Grant").click()
    dialog = frame.get_by_role("dialog")
    dialog.get_by_label("Points").fill(str(points))
    dialog.get_by_label("Reason").select_option("contest")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).not_to_be_visible()


def choose_mug(card: Locator) -> None:
    """Whoever can have it can have all that other tests of this world made, and cheaper: first."""
    choice = card.get_by_label("Can be redeemed now")
    mug = choice.locator("option", has_text="Mug")
    expect(mug).to_have_count(1)
    choice.select_option(mug.get_attribute("value"))


def test_a_reward_is_redeemed_for_a_member_and_taken_back(has_reward: None, admin: Admin) -> None:
    frame = admin.open("/members")
    open_profile(frame, 3)
    mark(frame)
    card = frame.locator("#rewards-card")
    expect(card).to_contain_text("points are missing")

    grant(frame, 50_000)
    choose_mug(card)
    before = frame.locator("#summary dd").first.inner_text()
    problems = accessibility_problems(frame)
    card.get_by_role("button", name="Redeem").click()

    expect(admin.toast).to_have_text(re.compile(r"The code is ENC-\w{4}-\w{4}"))
    expect(card).to_contain_text("Can be used")
    expect(card.locator("code")).to_have_text(re.compile(r"ENC-\w{4}-\w{4}"))
    # A push of the new balance may stand above it by then.
    events = frame.locator(".timeline > li", has_text="Reward redeemed")
    expect(events.filter(has_text="Mug")).to_have_count(1)
    problems += accessibility_problems(frame)
    card.get_by_role("button", name="Take back").click()

    expect(admin.toast).to_have_text("Points are back")
    expect(card).to_contain_text("by hand")
    expect(frame.locator("#summary dd").first).to_have_text(before)
    assert is_marked(frame)
    assert problems == []


def test_a_phone_shows_the_card_without_scrolling_sideways(
    has_reward: None, admin_on_phone: Admin
) -> None:
    frame = admin_on_phone.open("/members")
    open_profile(frame, 4)
    expect(frame.locator("#rewards-card")).to_be_visible()

    assert overflow(frame) == 0
