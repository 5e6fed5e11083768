"""Every page of the admin: on a desktop, a phone and right to left nothing sticks out or offends.

With ENCORE_PICTURES=<folder> a picture of each is left there to be looked at.
"""

import os
import re
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Frame, expect

from shopify_app.admin.blueprint import blueprint
from tests.browser.admin import Admin, accessibility_problems, cut_off, overflow

pytestmark = pytest.mark.browser

_PROGRAMME = "/settings/programme"
PAGES = [
    *("", "/members", "/members?panel=1&consent=none", "/members/new", "/members/archived"),
    *("/campaigns", "/campaigns/new", "/group-grants", "/group-grants/new"),
    *("/segments", "/segments/new", "/emails", "/emails/card/en", "/insight"),
    *("/settings", "/settings/audit", "/settings/till", "/settings/wallet", "/settings/merges"),
    *("/settings/privacy", _PROGRAMME, f"{_PROGRAMME}/rules", f"{_PROGRAMME}/rules/new"),
    *(f"{_PROGRAMME}/promotions", f"{_PROGRAMME}/promotions/new", f"{_PROGRAMME}/rewards"),
    *(f"{_PROGRAMME}/rewards/new", f"{_PROGRAMME}/coupons", f"{_PROGRAMME}/coupons/new"),
    *(f"{_PROGRAMME}/tiers", f"{_PROGRAMME}/badges", f"{_PROGRAMME}/badges/new"),
    *(f"{_PROGRAMME}/referrals", f"{_PROGRAMME}/expiry", f"{_PROGRAMME}/locations"),
    *(f"{_PROGRAMME}/general", f"{_PROGRAMME}/redemptions"),
]
TABS = ["overview", "transactions", "orders", "consent", "segments", "timeline", "notes"]
_PARTS = {
    "/members/total", "/emails/sender", "/members.csv", "/members/deeds/new", "/<path:_unknown>",
    f"{_PROGRAMME}/expiry/reach",
}  # fmt: skip
"""What answers with a part of a page or a file, or is reached by a form alone."""


def test_no_page_is_left_out() -> None:
    app = Flask("admin", static_folder=None)
    app.register_blueprint(blueprint)
    rules = (rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()))
    plain = {
        rule.rule.removeprefix("/app")
        for rule in rules
        if rule.rule.startswith("/app") and "<" not in rule.rule
    }

    assert plain - _PARTS <= {path.split("?")[0] for path in PAGES}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_right_on_a_desktop(admin: Admin, path: str) -> None:
    frame = admin.open(path)

    look(frame, admin, f"desktop{path}")
    assert accessibility_problems(frame) == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_right_on_a_phone(admin_on_phone: Admin, path: str) -> None:
    look(admin_on_phone.open(path), admin_on_phone, f"phone{path}")


def test_the_open_one_of_many_tabs_is_seen_on_a_phone(admin_on_phone: Admin) -> None:
    frame = admin_on_phone.open(f"{_PROGRAMME}/expiry")
    expect(frame.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=1)

    frame.locator(".tabs a").last.click()

    expect(frame.locator(".tabs a[aria-current]").last).to_have_attribute(
        "href", re.compile("locations")
    )
    expect(frame.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_right_from_right_to_left(admin: Admin, path: str) -> None:
    frame = admin.open_in("ar", f"/app{path}")

    assert frame.evaluate("document.dir || document.documentElement.dir") == "rtl"
    look(frame, admin, f"rtl{path}")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_right_on_a_phone_in_german(admin_on_phone: Admin, path: str) -> None:
    """Whose words are the longest of the five."""
    frame = admin_on_phone.open_in("de", f"/app{path}")

    assert frame.evaluate("document.documentElement.lang") == "de"
    look(frame, admin_on_phone, f"german{path}")


@pytest.mark.parametrize("tab", TABS)
def test_a_tab_of_a_profile_is_right_on_a_desktop(admin: Admin, tab: str) -> None:
    frame = admin.open(f"/members/{someone(admin)}?tab={tab}")

    look(frame, admin, f"desktop/profile-{tab}")
    assert accessibility_problems(frame) == []


@pytest.mark.parametrize("tab", TABS)
def test_a_tab_of_a_profile_is_right_on_a_phone(admin_on_phone: Admin, tab: str) -> None:
    path = f"/members/{someone(admin_on_phone)}?tab={tab}"

    look(admin_on_phone.open(path), admin_on_phone, f"phone/profile-{tab}")


@pytest.mark.parametrize("tab", TABS)
def test_a_tab_of_a_profile_is_right_from_right_to_left(admin: Admin, tab: str) -> None:
    frame = admin.open_in("ar", f"/app/members/{someone(admin)}?tab={tab}")

    expect(frame.locator(f"#tab-{tab}[aria-current=page]")).to_be_visible()
    look(frame, admin, f"rtl/profile-{tab}")


def someone(admin: Admin) -> UUID:
    """The member who ordered last: they have orders."""
    href = admin.open("/members?sort=-ordered").locator(".row-link").first.get_attribute("href")
    assert href is not None
    return UUID(href.split("?")[0].rpartition("/")[2])


def look(frame: Frame, admin: Admin, name: str) -> None:
    """It is the page itself, nothing sticks out or is cut off, and no policy was broken."""
    picture(admin, name)

    expect(frame.locator("#cannot-be-shown")).to_have_count(0)
    assert overflow(frame) <= 0
    assert cut_off(frame) == []
    assert frame.evaluate("window.violations") == []


def picture(admin: Admin, name: str) -> None:
    """A picture of the whole window, where somebody asked for pictures."""
    folder = os.environ.get("ENCORE_PICTURES")
    if folder:
        file = name.replace("/", "-").replace("?", "-").replace("&", "-").replace("=", "-")
        admin.page.screenshot(path=Path(folder) / f"{file or 'home'}.png", full_page=True)
