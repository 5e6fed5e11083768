"""R155: staff give a member a coupon on their page; its code is made in Shopify meanwhile."""

import re

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

CODE = re.compile(r"THANKS-\w{5}-\w{5}")


@pytest.fixture(scope="module")
def has_coupon(world: World) -> None:
    told = ("--name", "A very warm thank-you", "--kind", "percentage", "--percentage", "10")
    story.operate(world, "add-coupon", "--shop", SHOPS[0], *told, "--prefix", "THANKS")


def test_a_coupon_is_given_and_its_code_follows(
    has_coupon: None, admin: Admin, world: World
) -> None:
    frame = admin.open("/members")
    open_profile(frame, 5)
    mark(frame)
    card = frame.locator("#coupons-card")
    expect(card.get_by_label("Coupon to give")).to_contain_text("A very warm thank-you: 10% off")
    problems = accessibility_problems(frame)
    card.get_by_role("button", name="Give coupon").click()

    expect(admin.toast).to_have_text("Coupon given. The code is being made")
    expect(card).to_contain_text("Code is being made")
    card.get_by_role("button", name="Give coupon").click()
    expect(card).to_contain_text("The member has had it as many times as allowed")
    problems += accessibility_problems(frame)
    assert is_marked(frame)
    assert problems == []

    story.operate(world, "wait-for-work")
    frame = admin.open("/members")
    open_profile(frame, 5)
    card = frame.locator("#coupons-card")
    expect(card).to_contain_text("Can be used")
    expect(card.locator("code")).to_have_text(CODE)
    expect(frame.locator(".timeline > li").first).to_contain_text("Coupon assigned")


def test_a_phone_shows_the_coupons_without_scrolling_sideways(
    has_coupon: None, admin_on_phone: Admin
) -> None:
    frame = admin_on_phone.open("/members")
    open_profile(frame, 6)
    expect(frame.locator("#coupons-card")).to_be_visible()

    assert overflow(frame) == 0
