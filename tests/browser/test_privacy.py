"""R148: a customer's request is met, and its file leaves the admin with the merchant alone."""

import json
from typing import Any

import pytest
import requests
from playwright.sync_api import expect

from sandbox.demo import story
from sandbox.demo.world import SHOPS, World
from tests.browser.admin import Admin, accessibility_problems, overflow

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def asked(world: World) -> dict[str, Any]:
    """A customer of Aurora who asked for their data and got it gathered; another was erased."""
    control = f"http://127.0.0.1:{world.ports.shopify}/_control"
    shop = {"shop": SHOPS[0]}
    seen, erased = requests.get(f"{control}/customers", params=shop, timeout=30).json()[:2]
    for customer, what in ((seen, "data-request"), (erased, "redact")):
        answer = requests.post(
            f"{control}/customers/{customer['id']}/{what}", json=shop, timeout=30
        )
        answer.raise_for_status()
    story.operate(world, "wait-for-work")
    story.operate(world, "run-privacy-requests", "--shop", SHOPS[0])
    found: dict[str, Any] = seen
    return found


def test_what_is_held_of_a_customer_is_downloaded(asked: dict[str, Any], admin: Admin) -> None:
    frame = admin.open("/settings")
    frame.get_by_role("link", name="Data requests").click()
    expect(frame.get_by_role("heading", level=1, name="Data requests")).to_be_visible()

    with admin.page.expect_download() as download:
        frame.get_by_role("button", name=f"Download the data of customer {asked['id']}").click()

    assert download.value.suggested_filename == f"customer-{asked['id']}-data.json"
    held = json.loads(download.value.path().read_text())["held"]
    assert held["Shopify customers"][0]["email"] == asked["email"]
    assert frame.evaluate("window.violations") == []


@pytest.mark.parametrize("path", ["/settings", "/settings/privacy"])
def test_the_pages_fit_a_desktop_and_break_no_rule(
    asked: dict[str, Any], admin: Admin, path: str
) -> None:
    frame = admin.open(path)

    assert accessibility_problems(frame) == []
    assert overflow(frame) == 0
    assert frame.evaluate("window.violations") == []


@pytest.mark.parametrize("path", ["/settings", "/settings/privacy"])
def test_the_pages_fit_a_phone(asked: dict[str, Any], admin_on_phone: Admin, path: str) -> None:
    frame = admin_on_phone.open(path)

    assert overflow(frame) == 0
    assert accessibility_problems(frame) == []
    if path == "/settings/privacy":
        expect(frame.get_by_text("Erased", exact=True).first).to_be_visible()
        expect(frame.get_by_role("button", name="Download").first).to_be_visible()
