"""R6, R10, R163: the built extension on a till, against the running app."""

from collections.abc import Iterator

import pytest
import segno
from playwright.sync_api import Browser, Page, expect

from sandbox.demo import story
from sandbox.demo.world import SHOPS, World
from tests.browser.admin import Admin, accessibility_problems, overflow
from tests.browser.till import BOREALIS, Till, clerk, till_of
from tests.chromium import page_of

pytestmark = pytest.mark.browser

# The lines of the PNG on the screen, one letter a module, read from its pixels.
_READ_QR = """(image) => {
  const canvas = document.createElement('canvas');
  canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const side = canvas.width / 8, pixel = (n) => n * 8 + 4;
  return Array.from({length: side}, (_, y) => Array.from({length: side}, (_, x) =>
    context.getImageData(pixel(x), pixel(y), 1, 1).data[0] < 128 ? '1' : '0').join(''));
}"""


@pytest.fixture
def till(world: World, page: Page) -> Iterator[Till]:
    """Aurora's till, on a tablet."""
    with till_of(world, page) as opened:
        yield opened


def test_scanned_member_is_attached_and_the_sale_earns_their_points(till: Till) -> None:
    till.open().open_modal()
    code = till.enrol("Alice Summer", "alice.summer@example.com")
    till.points("0")

    till.tap("Attach to cart")
    till.see("Attached to the cart")
    till.close_modal()
    expect(till.page.locator("#customer")).to_have_text("Alice Summer")
    till.page.get_by_label("Custom sale").fill("25.00")
    till.page.get_by_role("button", name="Checkout").click()
    expect(till.page.locator("#receipt")).to_contain_text("Paid")
    story.operate(till.world, "wait-for-work")
    till.open_modal()
    till.scan(code)

    till.points("25")
    till.see("Last order")
    till.see("25 points")
    expect(till.modal.get_by_role("button", name="Attach to cart")).to_be_visible()


def test_camera_scans_the_code_of_the_pass_itself(till: Till) -> None:
    link = story.operate(till.world, "card-link", "--shop", SHOPS[0])
    phone = story.ask(f"{till.world.phone_url}/phones", {})
    address = f"{till.world.phone_url}/phones/{phone['id']}"
    story.ask(f"{address}/add", {"url": f"{link}/apple.pkpass"})
    barcode = story.ask(address)["passes"][0]["pass"]["barcodes"][0]
    till.open().open_modal()

    till.tap("Scan with the camera")
    expect(till.page.locator("#camera")).to_be_visible()
    till.scan(barcode["message"], source="camera")

    expect(till.code).to_have_text(f"Code {barcode['altText']}")
    expect(till.page.locator("#camera")).to_be_hidden()


def test_grant_whose_answer_is_lost_counts_once(till: Till) -> None:
    till.open(user=clerk(till.world)).open_modal()
    code = till.enrol("Lost Answer", "lost.answer@example.com")
    before = till.sent("/grants")

    till.fault("lose_answer", path="/grants", count=2)
    till.grant(50)
    till.see("50 points granted.")

    till.points("50")
    assert till.sent("/grants") == before + 3
    till.scan(code)
    till.points("50")


def test_grant_in_doubt_outlives_the_modal_and_counts_once(till: Till) -> None:
    till.open(user=clerk(till.world)).open_modal()
    till.enrol("In Doubt", "in.doubt@example.com")

    till.fault("lose_answer", path="/grants", count=4)
    till.grant(40)
    till.see("Nobody knows yet whether In Doubt got 40 points.")
    till.close_modal()
    expect(till.tile.locator("s-tile button")).to_contain_text("Something waits to be confirmed")
    till.open_modal()
    till.see("Nobody knows yet whether In Doubt got 40 points.")
    till.tap("Try again")

    till.see("40 points granted.")
    till.points("40")


def test_member_is_checked_in_once_a_week_at_this_place(till: Till) -> None:
    rule = '{"name": "Visits", "kind": "check_in", "gives": "fixed", "fixed_points": 5,'
    rule += ' "limits": {"check_in": "week"}}'
    story.operate(till.world, "add-rule", "--shop", SHOPS[0], rule)
    till.open(user=clerk(till.world)).open_modal()
    till.enrol("Weekly Visitor", "weekly.visitor@example.com")

    till.tap("Check in")
    till.see("Checked in: 5 points.")
    till.points("5")
    till.tap("Check in")

    till.see("Checked in. The next visit that earns is from")
    till.points("5")


def test_cap_of_the_day_is_told_with_what_is_left(till: Till) -> None:
    till.open(user=clerk(till.world, 1)).open_modal()
    till.enrol("Much Granted", "much.granted@example.com")
    till.grant(500)
    till.see("500 points granted.")

    till.tap("Grant points")
    till.see("You have granted all the points that you may grant today.")

    expect(till.modal.get_by_role("button", name="Grant", exact=True)).to_be_disabled()


def test_someone_new_gets_a_code_that_opens_their_card(till: Till, phone: Page) -> None:
    till.open().open_modal()
    till.tap("Enrol a new member")
    till.modal.get_by_label("Name").fill("Nora New")
    till.modal.get_by_label("Email or phone").fill("nora.new@example.com")
    with till.page.expect_response("**/pos/v1/members") as answered:
        till.tap("Enrol")
    till.see("Welcome! The card is ready.")
    url = answered.value.json()["card"]["url"]

    shown = till.modal.locator("s-image img").evaluate(_READ_QR)
    encoded = segno.make(url, micro=False, error="m").matrix_iter(border=4)
    phone.goto(url)

    assert shown == ["".join(str(bit) for bit in row) for row in encoded]
    expect(phone.locator("body")).to_contain_text("Nora New")


def test_someone_known_to_shopify_is_found_and_not_made_twice(till: Till) -> None:
    customers = f"{till.world.shopify_url}/_control/customers"
    till.open().open_modal()
    till.enrol("Only Once", "only.once@example.com")
    till.close_modal()
    till.open_modal()

    till.tap("Enrol a new member")
    till.modal.get_by_label("Name").fill("Only Once")
    till.modal.get_by_label("Email or phone").fill("ONLY.ONCE@example.com")
    till.tap("Enrol")

    till.see("This customer is a member already.")
    assert len(story.ask(f"{customers}?shop={SHOPS[0]}&email=only.once@example.com")) == 1


def test_code_of_another_shop_and_codes_that_are_none_are_refused_in_words(
    till: Till, world: World, browser: Browser
) -> None:
    story.open_admin(world, BOREALIS)
    with page_of(browser) as other, till_of(world, other) as borealis:
        borealis.open(BOREALIS).open_modal()
        bob = borealis.enrol("Bob Winter", "bob.winter@example.com")
        borealis.scan(bob)
        borealis.see("Bob Winter")
    till.open().open_modal()

    for foreign in (bob, "gid://shopify/Customer/1", "<script>alert(1)</script>", "' OR 1=1 --"):
        till.scan(foreign)
        till.see("No member of this shop has this code.")
        till.tap("Enrol a new member")  # away, so that the next words are new ones
        till.tap("Cancel")
    scans = till.sent("/scans")
    till.scan("x" * 10_000)

    till.see("That is too long to be a card's code.")
    assert till.sent("/scans") == scans
    expect(till.modal.locator("body")).not_to_contain_text("Bob Winter")


def test_offline_till_says_so_and_goes_on_afterwards(till: Till) -> None:
    till.open().open_modal()
    code = till.enrol("Off Line", "off.line@example.com")
    scans = till.sent("/scans")

    till.page.get_by_label("Offline").check()
    till.see("The till is offline.")
    till.scan(code)
    till.see("Scan a card")
    assert till.sent("/scans") == scans
    till.page.get_by_label("Offline").uncheck()
    till.scan(code)

    expect(till.modal.get_by_role("heading", name="Off Line")).to_be_visible()


def test_cashier_without_access_finds_a_tile_that_says_whom_to_ask(till: Till) -> None:
    till.open(access="no")

    tile = till.tile.locator("s-tile button")

    expect(tile).to_contain_text("Ask the owner for access to Encore")
    expect(tile).to_be_disabled()


def test_scan_stands_in_the_members_timeline(till: Till, admin_on_phone: Admin) -> None:
    till.open().open_modal()
    code = till.enrol("Seen Twice", "seen.twice@example.com")
    till.fault("lose_answer", path="/scans", count=1)
    till.scan(code)
    till.points("0")

    frame = admin_on_phone.open("/members?search=Seen%20Twice")
    frame.locator(".row-link").first.click()
    frame.get_by_role("link", name="Timeline").click()

    expect(frame.locator(".timeline > li", has_text="Customer Scanned")).to_have_count(1)


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_small_till_shows_every_screen_without_scrolling_sideways(
    world: World, browser: Browser, direction: str
) -> None:
    with page_of(browser, width=320, height=640) as page, till_of(world, page) as till:
        widths, problems = [], []

        def look() -> None:
            widths.append(overflow(till.modal))
            problems.extend(accessibility_problems(till.modal))

        till.open(dir=direction).open_modal()
        look()
        till.scan("nobody's")
        till.see("No member")
        look()
        name = "Wilhelmina Featherstonehaugh-Cholmondeley"
        till.enrol(name, f"{direction}.small@example.com")
        look()
        till.tap("Grant points")
        till.modal.get_by_label("Points").fill("9999")
        till.tap("Grant")
        till.see("left to grant today")
        look()
        till.tap("Cancel")
        till.tap("Show the card's QR code")
        till.see("Scan this with the customer's phone")
        look()

        assert widths == [0] * 5
        assert sorted(set(problems)) == []
        assert till.modal.evaluate("getComputedStyle(document.body).direction") == direction
