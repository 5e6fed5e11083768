"""A permission that is missing is said on Home, and given from there, outside the frame (R2)."""

import pytest
import requests
from playwright.sync_api import expect

from sandbox.demo import story
from sandbox.demo.world import SHOPS, World
from tests.browser.admin import Admin

pytestmark = pytest.mark.browser


@pytest.fixture
def control(world: World) -> str:
    return f"{world.shopify_url}/_control"


def test_a_missing_permission_is_given_from_home(world: World, admin: Admin, control: str) -> None:
    # given
    scopes = requests.get(f"{control}/state", {"shop": SHOPS[0]}, timeout=30).json()["scopes"]
    kept = [scope for scope in scopes if scope != "read_locations"]
    requests.post(f"{control}/scopes", json={"shop": SHOPS[0], "scopes": kept}, timeout=30)
    story.operate(world, "wait-for-work")
    frame = admin.open()
    expect(frame.get_by_text("Encore lacks a permission")).to_be_visible()
    # when
    frame.get_by_role("link", name="Give permission").click()
    # then
    admin.page.wait_for_url("**/store/aurora/apps/encore")
    frame = admin.settle()
    expect(frame.get_by_text("Encore lacks a permission")).to_have_count(0)
    now = requests.get(f"{control}/state", {"shop": SHOPS[0]}, timeout=30).json()["scopes"]
    assert sorted(now) == sorted(scopes)
