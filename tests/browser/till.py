"""Shopify POS as a cashier uses it: home, cart, our tile, and our modal on top."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Frame, Locator, Page, expect

from sandbox.demo import story
from sandbox.demo.world import SHOPS, World

# A lost answer is asked for again after up to five seconds; a busy machine adds its own.
PATIENCE_MS = 30_000
TILE, MODAL = "pos.home.tile.render", "pos.home.modal.render"
AURORA, BOREALIS = SHOPS


class Till:
    """A window on the till of a shop; it must end without anything that POS refused."""

    def __init__(self, world: World, page: Page) -> None:
        self.world, self.page = world, page

    def open(self, shop: str = AURORA, **wanted: str) -> "Till":
        """The home screen, with our tile drawn; `wanted` are further words of the address."""
        words = "".join(f"&{name}={value}" for name, value in wanted.items())
        self.page.goto(f"{self.world.till_page(shop)}{words}")
        self._see_tile()
        return self

    @property
    def tile(self) -> Frame:
        """The frame of our tile."""
        return _frame(self.page, TILE)

    @property
    def modal(self) -> Frame:
        """The frame of our modal."""
        return _frame(self.page, MODAL)

    def open_modal(self) -> Frame:
        """Tap our tile and wait for the first screen."""
        self.tile.locator("s-tile button").click()
        modal = self.page.frame_locator(f'iframe[name="{MODAL}"]')
        expect(modal.locator("s-page h1")).to_have_text("Encore", timeout=PATIENCE_MS)
        return self.modal

    def close_modal(self) -> None:
        """Back to the home screen."""
        self.page.get_by_role("button", name="Close").click()
        self._see_tile()

    def _see_tile(self) -> None:
        tile = self.page.frame_locator(f'iframe[name="{TILE}"]').locator("s-tile button")
        expect(tile).to_contain_text("Encore", timeout=PATIENCE_MS)

    def scan(self, text: str, source: str = "external") -> None:
        """Let a scanner see `text`."""
        self.page.get_by_label("What to scan").fill(text)
        self.page.get_by_label("Scanner", exact=True).select_option(source)
        self.page.get_by_role("button", name="Scan", exact=True).click()

    def tap(self, name: str) -> None:
        """Tap a button of the modal."""
        self.modal.get_by_role("button", name=name, exact=True).click()

    def see(self, text: str) -> None:
        """Wait until the modal says `text`."""
        expect(self.modal.locator("s-page")).to_contain_text(text, timeout=PATIENCE_MS)

    def enrol(self, name: str, contact: str) -> str:
        """Enrol somebody, go to their card, and read the short code there."""
        self.tap("Enrol a new member")
        self.modal.get_by_label("Name").fill(name)
        self.modal.get_by_label("Email or phone").fill(contact)
        self.tap("Enrol")
        self.tap("Go to the member")
        heading = self.modal.get_by_role("heading", name=name)
        expect(heading).to_be_visible(timeout=PATIENCE_MS)
        return self.code.inner_text().removeprefix("Code ")

    @property
    def code(self) -> Locator:
        """The line with the member's short code."""
        return self.modal.locator("s-text", has_text="Code ").last

    def points(self, number: str) -> None:
        """Wait until the member has that many points, written as people do."""
        heading = self.modal.get_by_role("heading", name=f"{number} points", exact=True)
        expect(heading).to_be_visible(timeout=PATIENCE_MS)

    def grant(self, points: int) -> None:
        """Fill in a grant and send it."""
        self.tap("Grant points")
        self.modal.get_by_label("Points").fill(str(points))
        self.modal.get_by_role("radio").first.click()
        self.tap("Grant")

    def fault(self, mode: str, **how: Any) -> None:
        """Let the till's next requests go wrong; `off` ends it."""
        story.ask(f"{self.world.till_url}/_control/faults", {"mode": mode, **how})

    def sent(self, path: str) -> int:
        """How often the till sent a request to an address that ends in `path`."""
        notes = story.ask(f"{self.world.till_url}/received")
        return sum(note["kind"] == "request" and note["path"].endswith(path) for note in notes)

    @property
    def refused(self) -> list[str]:
        """What POS refused, or a script of ours stumbled over."""
        return self.page.locator("#refusals p").all_inner_texts()


@contextmanager
def till_of(world: World, page: Page) -> Iterator[Till]:
    """A till without faults, before and after."""
    till = Till(world, page)
    till.fault("off")
    yield till
    till.fault("off")
    assert till.refused == []


def clerk(world: World, number: int = 0) -> str:
    """A staff member other than the owner, who has a cap of their own."""
    state = story.ask(f"{world.shopify_url}/_control/state?shop={AURORA}")
    clerks = [member for member in state["staff"] if not member["account_owner"]]
    return str(clerks[number]["id"])


def barcode(till: Till) -> str:
    """What the card of the member on the screen shows to a scanner, once it is on a phone."""
    with till.page.expect_response("**/card") as answered:
        till.tap("Show the card's QR code")
    url = answered.value.json()["card"]["url"]
    till.tap("Go to the member")
    phone = story.ask(f"{till.world.phone_url}/phones", {})
    address = f"{till.world.phone_url}/phones/{phone['id']}"
    story.ask(f"{address}/add", {"url": f"{url}/apple.pkpass"})
    message: str = story.ask(address)["passes"][0]["pass"]["barcodes"][0]["message"]
    return message


def _frame(page: Page, name: str) -> Frame:
    frame = page.locator(f'iframe[name="{name}"]').element_handle().content_frame()
    assert frame is not None, f"no frame {name}"
    return frame
