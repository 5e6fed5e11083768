"""Shopify admin as a person uses it: its menu, its toast, and our app in its frame."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Frame, Page, expect

from sandbox.demo.world import SHOPS, World

_AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
# Watches from the first moment of each document what must not happen in any.
_WATCH = """
window.violations = [];
window.shifts = [];
addEventListener('securitypolicyviolation', (event) =>
  violations.push(`${event.violatedDirective} ${event.blockedURI}`));
new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
  if (!entry.hadRecentInput) window.shifts.push(entry);
})).observe({ type: 'layout-shift', buffered: true });
"""


class Admin:
    """A window on the admin of Aurora."""

    def __init__(self, world: World, page: Page) -> None:
        self.world, self.page = world, page
        page.context.add_init_script(_WATCH)

    def open(self, path: str = "") -> Frame:
        """Load the admin at a path of the app, and wait for the app's page."""
        self.page.goto(f"{self.world.admin_url()}{path}")
        return self.settle()

    def open_in(self, locale: str, path: str) -> Frame:
        """The app's page as Shopify asks for it in a staff member's language."""
        frame = self.open()
        address = f"{self.world.app_url}{path}{'&' if '?' in path else '?'}"
        frame.goto(f"{address}shop={SHOPS[0]}&embedded=1&locale={locale}")
        return self.settle()

    def settle(self) -> Frame:
        """The app's frame, once its page stands and htmx listens."""
        expect(self.page.frame_locator("#app").locator("h1")).to_be_visible()
        frame = self.page.frame("app-iframe")
        assert frame is not None
        frame.wait_for_function("window.htmx !== undefined && document.readyState === 'complete'")
        return frame

    def menu(self, label: str) -> None:
        """Click an item of our app in the admin's own menu."""
        self.page.locator("#app-menu").get_by_role("link", name=label).click()

    @property
    def toast(self) -> Any:
        """What the admin says at the bottom of the window."""
        return self.page.locator("#toast.open #toast-text")


def mark(frame: Frame) -> None:
    """Leave a mark that a reload of the document would wipe out."""
    frame.evaluate("window.isSameDocument = true")


def is_marked(frame: Frame) -> bool:
    """Whether the document is still the one that was marked."""
    return bool(frame.evaluate("window.isSameDocument === true"))


def open_profile(frame: Frame, number: int = 0) -> str:
    """Open a member of the list by its row; the name."""
    link = frame.locator(".row-link").nth(number)
    name = link.inner_text()
    link.click()
    expect(frame.get_by_role("heading", level=1, name=name)).to_be_visible()
    return name


def accessibility_problems(frame: Frame) -> list[str]:
    """What axe-core finds wrong with the page, by WCAG A and AA and its best practices."""
    frame.evaluate(_AXE.read_text())
    found = frame.evaluate("axe.run(document)")
    return [
        f"{problem['id']}: {node['html'][:120]}"
        for problem in found["violations"]
        for node in problem["nodes"]
    ]


def shift(frame: Frame) -> float:
    """How far the page has jumped since it was first painted, as its layout shift score.

    What moved earlier nobody saw: asking whether a heading is visible lays the page out before
    its styles are there, and Chromium counts that as well.
    """
    frame.wait_for_function("performance.getEntriesByName('first-paint').length > 0")
    moved: float = frame.evaluate("""() => {
        const painted = performance.getEntriesByName('first-paint')[0].startTime;
        return shifts.filter((entry) => entry.startTime >= painted)
            .reduce((sum, entry) => sum + entry.value, 0);
    }""")
    return moved


def overflow(frame: Frame) -> int:
    """By how many pixels the page is wider than its window."""
    width: int = frame.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return width


def cut_off(frame: Frame) -> list[str]:
    """What a box around it hides a part of, left or right; what can be scrolled to is not."""
    found: list[str] = frame.evaluate("""() => {
        const isCut = (box, around) =>
            around.width > 2 && (box.right > around.right + 1 || box.left < around.left - 1);
        const hides = (element) => {
            const box = element.getBoundingClientRect();
            if (box.width < 2) return false;
            for (let up = element.parentElement; up; up = up.parentElement) {
                const overflow = getComputedStyle(up).overflowX;
                if (overflow === 'auto' || overflow === 'scroll') return false;
                if (overflow !== 'visible' && isCut(box, up.getBoundingClientRect())) return true;
            }
            return false;
        };
        return [...document.querySelectorAll('a, button, input, select, textarea, .badge, h2, p')]
            .filter(hides).map((element) => element.outerHTML.slice(0, 120));
    }""")
    return found
