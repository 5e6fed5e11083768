"""R5: the admin's bar saves or discards what was typed, and asks before it is left."""

import pytest
from playwright.sync_api import Frame, Locator, expect

from tests.browser.admin import Admin, is_marked, mark

pytestmark = pytest.mark.browser

_RULE = "/settings/programme/rules/new?kind=birthday"


def _bar(admin: Admin) -> Locator:
    return admin.page.locator("#save-bar.open")


def _typed(admin: Admin) -> Frame:
    """A new earning rule with a name, and so the bar."""
    frame = admin.open(_RULE)
    expect(_bar(admin)).to_have_count(0)
    frame.get_by_label("Name", exact=True).fill("Twice as happy")
    expect(_bar(admin)).to_be_visible()
    mark(frame)
    return frame


def test_bar_saves_what_was_typed_and_shuts(admin: Admin) -> None:
    frame = _typed(admin)
    # when: it is refused
    frame.get_by_label("Name", exact=True).fill("")
    admin.page.locator("#save").click()
    expect(frame.get_by_role("heading", name="Not saved")).to_be_visible()
    # then: it is not saved yet, and the next try saves it
    expect(_bar(admin)).to_be_visible()
    frame.get_by_label("Name", exact=True).fill("Twice as happy")
    frame.get_by_label("Points", exact=True).fill("100")
    admin.page.locator("#save").click()
    expect(frame.get_by_role("link", name="Twice as happy")).to_be_visible()
    expect(_bar(admin)).to_have_count(0)
    assert is_marked(frame)


def test_bar_discards_what_was_typed(admin: Admin) -> None:
    frame = _typed(admin)
    admin.page.locator("#discard").click()
    expect(frame.get_by_label("Name", exact=True)).not_to_have_value("Twice as happy")
    expect(_bar(admin)).to_have_count(0)
    assert is_marked(frame)


@pytest.mark.parametrize("way", ["menu", "link"])
def test_leaving_asks_first_and_may_be_taken_back(admin: Admin, way: str) -> None:
    frame = _typed(admin)

    def leave() -> None:
        if way == "menu":
            admin.menu("Members")
        else:
            frame.get_by_role("link", name="Cancel").click()

    # when: whoever is asked wants to stay
    asked = []
    admin.page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    leave()
    admin.page.wait_for_timeout(500)
    # then: everything stands
    assert asked
    expect(frame.get_by_label("Name", exact=True)).to_have_value("Twice as happy")
    expect(_bar(admin)).to_be_visible()
    # and: whoever says yes leaves
    admin.page.once("dialog", lambda dialog: dialog.accept())
    leave()
    expect(frame.get_by_label("Name", exact=True)).to_have_count(0)
    expect(_bar(admin)).to_have_count(0)
    assert is_marked(frame)


def test_a_row_that_is_added_is_a_change(admin: Admin) -> None:
    frame = admin.open("/segments/new")
    frame.get_by_role("button", name="Add a condition").click()
    expect(frame.locator(".rule-row")).to_have_count(2)
    expect(_bar(admin)).to_be_visible()


def test_looking_at_an_email_on_a_phone_changes_nothing(admin: Admin) -> None:
    frame = admin.open("/emails/card/en")
    frame.get_by_label("Phone", exact=True).check()
    expect(_bar(admin)).to_have_count(0)
    frame.get_by_label("Subject", exact=True).fill("Your card, at last")
    expect(_bar(admin)).to_be_visible()


def test_a_page_that_nobody_typed_into_is_left_without_a_question(admin: Admin) -> None:
    frame = admin.open(_RULE)
    frame.get_by_role("link", name="Cancel").click()
    expect(frame.get_by_role("link", name="Cancel")).to_have_count(0)
    expect(_bar(admin)).to_have_count(0)
