"""The admin pages in their frame on a processor four times slower, nothing in the cache.

In Chromium, inside the stand-in of Shopify admin, whose frame belongs to another site. Bytes are
what our own addresses sent, headers and gzip included; App Bridge is Shopify's and not counted.
The paint is the largest of the page, from the click that leads to it; the shift is the layout
shift score; the answer is the slowest of a click and some letters typed until the next paint.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import CDPSession, Frame, Locator

from bench.figures import Figure
from sandbox.demo.story import open_admin, operate
from sandbox.demo.world import SHOPS, running_world
from tests.browser.admin import Admin
from tests.chromium import chromium, page_of

SLOWER = 4
_PAGES = {
    "Home": "",
    "Members": "/members",
    "a profile": "",
    "a new segment": "/segments/new",
    "a new earning rule": "/settings/programme/rules/new?kind=order",
    "a new campaign": "/campaigns/new",
    "the words of an email": "/emails/card/en",
}
_WATCH = """
window.felt = {lcp: 0, shift: 0, slowest: 0};
const watch = (type, seen, more) => new PerformanceObserver((list) =>
  list.getEntries().forEach(seen)).observe({type, buffered: true, ...more});
watch('largest-contentful-paint', (entry) => { felt.lcp = entry.startTime; });
watch('layout-shift', (entry) => { if (!entry.hadRecentInput) felt.shift += entry.value; });
watch('event', (entry) => { felt.slowest = Math.max(felt.slowest, entry.duration); },
  {durationThreshold: 16});
"""
_KILOBYTES = """() => [...performance.getEntriesByType('navigation'),
  ...performance.getEntriesByType('resource')]
  .filter((entry) => new URL(entry.name).origin === location.origin)
  .reduce((sum, entry) => sum + entry.transferSize, 0) / 1024"""


@dataclass(frozen=True)
class Felt:
    """A page as a person felt it: kilobytes, milliseconds, score, milliseconds."""

    kilobytes: float
    paint_ms: float
    shift: float
    answer_ms: float


def run() -> list[Figure]:
    """A shop of sixty customers, its pages one after another."""
    state = Path(tempfile.mkdtemp(prefix="encore-bench-frame-", dir="/var/tmp"))
    state.chmod(0o711)
    try:
        with running_world(state, customers=60, orders=150) as world, chromium() as browser:
            open_admin(world, SHOPS[0])
            operate(world, "wait-for-backfill", "--shop", SHOPS[0])
            with page_of(browser) as page:
                admin = Admin(world, page)
                page.context.add_init_script(_WATCH)
                paths = _PAGES | {"a profile": _someone(admin)}
                felt = {name: _feel(admin, path) for name, path in paths.items()}
    finally:
        shutil.rmtree(state, ignore_errors=True)
    return [figure for name, page_felt in felt.items() for figure in _figures(name, page_felt)]


def _someone(admin: Admin) -> str:
    """The path of the member with the most points."""
    href = admin.open("/members?sort=-points").locator(".row-link").first.get_attribute("href")
    assert href is not None
    return f"/members/{href.split('?')[0].rpartition('/')[2]}"


def _feel(admin: Admin, path: str) -> Felt:
    """Load the page once more in its frame, slow and cold, and use it."""
    frame = admin.open(path)
    sessions = [admin.page.context.new_cdp_session(each) for each in (admin.page, frame)]
    for session in sessions:
        _slow_down(session)
    frame.evaluate("location.reload()")
    frame.wait_for_function("() => window.felt && felt.lcp > 0")
    frame = admin.settle()
    felt = frame.evaluate("felt")
    kilobytes = frame.evaluate(_KILOBYTES)
    answer_ms = _use(frame)
    for session in sessions:
        session.detach()
    return Felt(kilobytes, felt["lcp"], frame.evaluate("felt.shift"), answer_ms)


def _slow_down(session: CDPSession) -> None:
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})


def _use(frame: Frame) -> float:
    """The slowest answer to a click on what opens something and to letters in a field."""
    for opener in _first(frame.locator("button[aria-haspopup], summary, [data-opens]")):
        opener.click()
    for field in _first(frame.locator("input[type=search], input[type=text], textarea")):
        field.press_sequentially("Ann", delay=60)
    frame.wait_for_timeout(1_000)
    slowest: float = frame.evaluate("felt.slowest")
    return slowest


def _first(found: Locator) -> list[Locator]:
    shown = found.filter(visible=True)
    return [shown.first] if shown.count() else []


def _figures(name: str, felt: Felt) -> list[Figure]:
    return [
        Figure(f"{name}, sent", f"{felt.kilobytes:.1f} KB", "we aim at 40 KB or less"),
        Figure(f"{name}, largest paint", f"{felt.paint_ms:.0f} ms", "we aim at 1,500 ms or less"),
        Figure(f"{name}, shift", f"{felt.shift:.3f}", "we aim at 0"),
        Figure(f"{name}, slowest answer", _answer(felt.answer_ms), "we aim at 200 ms or less"),
    ]


def _answer(slowest_ms: float) -> str:
    return f"{slowest_ms:.0f} ms" if slowest_ms else "under 16 ms"


if __name__ == "__main__":
    for figure in run():
        print(f"{figure.name}: {figure.value} ({figure.meaning})")
