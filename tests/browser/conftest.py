"""A running world with Aurora installed and its history read, and a browser to look at it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox.demo import story
from sandbox.demo.world import SHOPS, World, running_world
from tests.browser.admin import Admin
from tests.chromium import page_of

# A machine may be busy: what comes late is no failure.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """Everything running; Aurora has 60 customers and 150 orders, read by the back-fill."""
    state = Path(tempfile.mkdtemp(prefix="encore-browser-", dir="/var/tmp"))
    state.chmod(0o711)
    try:
        with running_world(state, customers=60, orders=150) as running:
            story.open_admin(running, SHOPS[0])
            story.operate(running, "wait-for-backfill", "--shop", SHOPS[0])
            story.operate(running, "wait-for-work")
            yield running
    finally:
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A phone's window."""
    with page_of(browser, width=390, height=844) as opened:
        yield opened


@pytest.fixture
def admin(world: World, page: Page) -> Admin:
    """Aurora's admin on a desktop."""
    return Admin(world, page)


@pytest.fixture
def admin_on_phone(world: World, phone: Page) -> Admin:
    """Aurora's admin on a phone."""
    return Admin(world, phone)
