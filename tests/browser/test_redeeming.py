"""R145-R147, R156 on a phone: redeem a reward with the code from the email, and see one's data."""

import csv
import io
import json
import re
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from sandbox.demo import story
from sandbox.demo.world import SHOPS, World
from tests.browser.admin import accessibility_problems, overflow
from tests.chromium import page_of

pytestmark = pytest.mark.browser

_WATCH = """
window.violations = [];
addEventListener('securitypolicyviolation', (event) => violations.push(event.violatedDirective));
"""
REWARD = {"name": "A cup", "kind": "free_shipping", "cost_points": 1}


@pytest.fixture(scope="module")
def card_url(world: World) -> str:
    """The card page of Aurora's richest member, where a cup costs a point."""
    story.sell(world, 3)
    story.operate(world, "add-reward", "--shop", SHOPS[0], json.dumps(REWARD))
    return story.operate(world, "card-link", "--shop", SHOPS[0]).strip().splitlines()[-1]


@pytest.fixture
def card(phone: Page, card_url: str) -> Page:
    """The page on a phone."""
    phone.context.add_init_script(_WATCH)
    phone.goto(card_url)
    return phone


def messages(world: World) -> list[dict[str, Any]]:
    """Every email that Amazon took."""
    found = requests.get(f"{world.mail_url}/_control/messages", timeout=10).json()["messages"]
    return list(found)


def code_from_email(world: World, subject: str, before: int) -> str:
    """The digits of the email that came since there were `before`."""
    deadline = time.monotonic() + 120
    while True:
        fresh = [one for one in messages(world)[before:] if one["subject"] == subject]
        if fresh:
            found = re.search(r"^\d{6}$", fresh[-1]["text"].replace("\r", ""), re.M)
            assert found is not None
            return found[0]
        assert time.monotonic() < deadline, "no email came"
        time.sleep(0.1)


def is_fine(page: Page) -> None:
    """It fits, can be used by everybody, and keeps its policy."""
    assert accessibility_problems(page.main_frame) == []
    assert overflow(page.main_frame) == 0
    assert page.evaluate("violations") == []


def test_reward_is_redeemed_with_the_code_from_the_email(card: Page, world: World) -> None:
    before = len(messages(world))
    card.get_by_role("button", name="Redeem A cup").click()
    expect(card.get_by_role("heading", name="Type the code")).to_be_visible()
    is_fine(card)
    code = code_from_email(world, "Your code to redeem A cup", before)

    card.get_by_label("Code").fill(code)
    card.get_by_role("button", name="Redeem").click()

    expect(card).to_have_url(re.compile("#rewards$"))
    yours = card.get_by_role("region", name="Yours to use")
    expect(yours).to_contain_text("A cup")
    expect(yours).to_contain_text(re.compile(r"ENC-\w{4}-\w{4}"))
    yours.get_by_text("Show as QR code").click()
    expect(yours.get_by_role("img", name=re.compile("QR code of ENC-"))).to_be_visible()
    is_fine(card)


def test_data_is_seen_and_taken_away(card: Page, world: World, tmp_path: Path) -> None:
    before = len(messages(world))
    card.get_by_role("button", name="See or take my data").click()
    code = code_from_email(world, "Your code to see your data", before)
    card.get_by_label("Code").fill(f"{code[:3]} {code[3:]}")
    card.get_by_role("button", name="Show my data").click()
    expect(card.get_by_text("Personal details")).to_be_visible()
    is_fine(card)

    with card.expect_download() as sheets:
        card.get_by_role("button", name="Sheets (ZIP)").click()
    with card.expect_download() as document:
        card.get_by_role("button", name="One file (JSON)").click()

    sheets.value.save_as(tmp_path / "data.zip")
    with zipfile.ZipFile(tmp_path / "data.zip") as archive:
        text = archive.read("personal-details.csv").decode("utf-8-sig")
    document.value.save_as(tmp_path / "data.json")
    held = json.loads((tmp_path / "data.json").read_text())["held"]
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["email"] == held["Personal details"][0]["email"] != ""


def test_deletion_forgives_a_wrong_code_and_is_taken_back(card: Page, world: World) -> None:
    before = len(messages(world))
    card.get_by_role("button", name="Delete my data").click()
    code = code_from_email(world, "Your code to delete your data", before)
    card.get_by_role("link", name="Your card").click()
    card.get_by_role("link", name="Type it").click()
    card.get_by_label("Code").fill(f"{(int(code) + 1) % 10**6:06d}")
    card.get_by_role("button", name="Delete my data").click()
    expect(card.get_by_role("alert")).to_contain_text("You can try 4 more times")
    is_fine(card)

    card.get_by_label("Code").fill(code)
    card.get_by_role("button", name="Delete my data").click()
    expect(card.get_by_text("Your data is deleted on")).to_be_visible()
    is_fine(card)

    card.get_by_role("button", name="Keep my card").click()

    expect(card.get_by_text("Your data is deleted on")).to_have_count(0)
    expect(card.get_by_role("button", name="Delete my data")).to_be_visible()


def test_code_for_the_till_needs_no_email(card: Page) -> None:
    card.get_by_role("button", name="Code for the till").click()

    expect(card.locator(".big")).to_have_text(re.compile(r"^\d{6}$"))
    is_fine(card)


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_rewards_fit_and_are_accessible(
    browser: Browser, card_url: str, width: int, scheme: Any
) -> None:
    with page_of(browser, width=width) as page:
        page.emulate_media(color_scheme=scheme)
        page.context.add_init_script(_WATCH)
        page.goto(card_url)

        expect(page.get_by_role("heading", name="Rewards", exact=True)).to_be_visible()
        is_fine(page)
