"""R14–R19, R79, R130, R131, R146–R151: what staff do to a member, clicked to its end."""

import zipfile
from collections.abc import Iterator

import pytest
from playwright.sync_api import Frame, Locator, expect

from sandbox.demo import story
from sandbox.demo.world import SHOPS, World
from tests.browser.admin import Admin, is_marked, mark
from tests.browser.forms import send

pytestmark = pytest.mark.browser


def _join(admin: Admin, name: str) -> Frame:
    """Add a member of this name; their page."""
    contact = f"{name.replace(' ', '.').lower()}@acts.example"
    send(admin, "/members/new", "member-form", name=name, contact=contact)
    frame = admin.settle()
    expect(frame.get_by_role("heading", level=1, name=name)).to_be_visible()
    mark(frame)
    return frame


def _more(frame: Frame, name: str) -> None:
    """Choose from the menu under the details."""
    frame.locator("#more > summary").click()
    frame.locator("#more").get_by_text(name, exact=True).click()


def _grant(frame: Frame, points: str) -> None:
    frame.get_by_role("button", name="Grant").click()
    dialog = frame.get_by_role("dialog")
    dialog.get_by_label("Points").fill(points)
    dialog.get_by_label("Reason").select_option("contest")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).not_to_be_visible()


def test_a_grant_shows_wherever_points_stand_and_is_undone(admin: Admin) -> None:
    frame = _join(admin, "Greta Grant")
    frame.get_by_role("link", name="Transactions").click()
    expect(frame.get_by_text("No transactions")).to_be_visible()

    _grant(frame, "250")

    row = frame.locator("table.transactions tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("+250")
    frame.get_by_role("link", name="Overview").click()
    expect(frame.locator("#points-fact")).to_contain_text("250 now")
    expect(frame.locator("#expiry-card")).to_contain_text("250")
    _grant(frame, "30")
    expect(frame.locator("#points-fact")).to_contain_text("280 now")
    expect(frame.locator("#expiry-card")).to_contain_text("280")
    frame.get_by_role("link", name="Transactions").click()
    expect(row).to_have_count(2)
    row.first.get_by_text("Undo", exact=True).click()
    frame.get_by_role("button", name="Undo +30").click()
    expect(admin.toast).to_contain_text("Undone")
    expect(frame.locator("#summary dd").first).to_have_text("250")
    assert is_marked(frame)


def test_details_are_edited_and_kept(admin: Admin) -> None:
    frame = _join(admin, "Edda Early")
    _more(frame, "Edit details")
    dialog = frame.get_by_role("dialog")
    dialog.get_by_label("Email").fill("no email")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator("#detail_email-error")).to_be_visible()
    dialog.get_by_label("Email").fill("edda@acts.example")
    dialog.get_by_label("First name").fill("Edith")
    dialog.get_by_label("Month of the birthday").select_option(label="May")
    dialog.get_by_label("Day of the birthday").fill("17")
    dialog.get_by_role("button", name="Save").click()

    expect(frame.get_by_role("heading", level=1, name="Edith Early")).to_be_visible()
    expect(frame.get_by_text("edda@acts.example")).to_be_visible()
    expect(frame.get_by_text("May 17")).to_be_visible()
    assert is_marked(frame)


def test_a_note_is_written(admin: Admin) -> None:
    frame = _join(admin, "Nora Noted")
    frame.get_by_role("link", name="Notes").click()
    frame.get_by_role("textbox").fill("Prefers <b>wool</b>")
    frame.get_by_role("button", name="Save note").click()

    note = frame.locator(".notes li")
    expect(note).to_contain_text("Prefers <b>wool</b>")
    expect(note).to_contain_text("Olivia Hart")
    expect(frame.get_by_role("textbox")).to_have_value("")


@pytest.mark.parametrize(("button", "kind"), [("CSV files", "zip"), ("JSON", "json")])
def test_a_member_is_exported(admin: Admin, button: str, kind: str) -> None:
    frame = _join(admin, f"Ella {kind.title()}")
    with admin.page.expect_download() as download:
        _more(frame, f"Export as {button}")

    file = download.value
    assert file.suggested_filename.endswith(f".{kind}")
    if kind == "zip":
        sheets = zipfile.ZipFile(file.path())
        assert any("Ella" in sheets.read(name).decode("utf-8-sig") for name in sheets.namelist())
    else:
        assert "Ella" in file.path().read_text()


def test_a_member_is_archived_and_restored(admin: Admin) -> None:
    frame = _join(admin, "Aron Away")
    _grant(frame, "40")
    _more(frame, "Archive")
    frame.get_by_role("dialog").get_by_role("button", name="Archive", exact=True).click()
    expect(frame.locator(".page-header .badge").first).to_have_text("Archived")
    expect(frame.locator("#summary dd").first).to_have_text("0")

    frame.get_by_role("button", name="Restore").click()

    expect(frame.get_by_role("button", name="Grant")).to_be_visible()
    expect(frame.locator("#summary dd").first).to_have_text("40")
    assert is_marked(frame)


def test_an_erasure_is_asked_for_seen_and_taken_back(admin: Admin) -> None:
    frame = _join(admin, "Erik Erase")
    _more(frame, "Erase")
    frame.get_by_role("dialog").get_by_role("button", name="Erase in seven days").click()
    expect(frame.get_by_role("heading", name="To be erased on")).to_be_visible()

    admin.menu("Settings")
    frame.get_by_role("link", name="Data requests").click()
    frame.get_by_role("row", name="Erik Erase").get_by_role("link", name="Erase a member").click()
    expect(frame.get_by_role("heading", level=1, name="Erase a member")).to_be_visible()
    expect(frame.get_by_text("Erasure asked for: Olivia Hart")).to_be_visible()
    frame.get_by_role("button", name="Do not erase").click()

    expect(admin.toast).to_have_text("The member stays")
    row = frame.get_by_role("row", name="Erik Erase")
    expect(row).to_contain_text("Taken back")
    assert is_marked(frame)


def test_two_members_are_compared_merged_and_parted(admin: Admin) -> None:
    _join(admin, "Mila Stays")
    frame = _join(admin, "Mila Goes")
    _grant(frame, "70")
    _more(frame, "Merge into…")
    search = frame.get_by_label("Find a member to merge into")
    search.fill("Mila Stays")
    search.press("Enter")
    frame.get_by_role("link", name="Compare with Mila Stays").click()
    points = frame.get_by_role("row", name="Points 70")
    expect(points.locator("td").last).to_have_text("70")
    frame.get_by_role("button", name="Merge into").click()

    expect(frame.get_by_role("heading", level=1, name="Mila Stays")).to_be_visible()
    expect(frame.locator("#summary dd").first).to_have_text("70")
    frame.get_by_label("Undo the merge with Mila Goes").click()
    frame.get_by_role("button", name="Undo the merge", exact=True).click()
    expect(frame.locator("#summary dd").first).to_have_text("0")
    assert is_marked(frame)


@pytest.fixture
def has_tiers(world: World) -> Iterator[None]:
    """Two tiers that nobody reaches, for this test alone."""
    said = ("set-tiers", "--shop", SHOPS[0], "--write")
    both = ("--tier", "Silver:900000:1", "--tier", "Gold:990000:2")
    story.operate(world, *said, *both)
    yield
    story.operate(world, *said, "--off", *both)


def test_a_tier_is_set_by_hand_and_left_to_the_rules_again(has_tiers: None, admin: Admin) -> None:
    frame = _join(admin, "Tara Tier")
    _more(frame, "Change tier")
    dialog: Locator = frame.get_by_role("dialog")
    dialog.get_by_label("Tier", exact=True).select_option(label="Silver")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator("#tier_reason-error")).to_be_visible()
    dialog.get_by_label("Reason").fill("Friend of the house")
    dialog.get_by_role("button", name="Save").click()
    expect(frame.get_by_text("Not below it, by hand: Friend of the house")).to_be_visible()

    _more(frame, "Change tier")
    dialog.get_by_role("button", name="Let the rules decide").click()

    expect(frame.get_by_text("Friend of the house", exact=False).first).to_be_visible()
    expect(frame.get_by_text("Not below it, by hand")).to_have_count(0)
    assert is_marked(frame)
