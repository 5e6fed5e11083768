"""Debian's Chromium for tests: a fresh browser, quiet towards the outside world."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

# Without these it asks its maker's servers for things, which no test should do.
_QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser; as root it must do without its own sandbox."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", *_QUIET],
        )
        yield browser
        browser.close()


@contextmanager
def page_of(browser: Browser, *, width: int = 1440, height: int = 900) -> Iterator[Page]:
    """A page in a context of its own, of a desktop's size unless told otherwise."""
    context = browser.new_context(viewport={"width": width, "height": height})
    yield context.new_page()
    context.close()
