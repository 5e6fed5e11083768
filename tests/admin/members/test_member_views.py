"""Saved views of the members list: named once, shown again, deleted, and nobody else's."""

import re

import pytest

from tests.admin.cast import ShopAndClient


@pytest.fixture(autouse=True)
def cast(aurora: ShopAndClient) -> None:
    """Two members of Aurora."""
    aurora.enrol("Alice", "Archer", "alice@example.com")
    aurora.enrol("Carla", "Costa", None)


def test_a_saved_view_stands_above_the_list_and_shows_the_same_again(
    aurora: ShopAndClient,
) -> None:
    save(aurora, "Named like Alice", search="alice", sort="-name")

    link = re.search(r'class="chip" href="([^"]*)"><bdi>Named', aurora.get("/app/members").text)
    assert link
    shown = aurora.get(link.group(1).replace("&amp;", "&")).text

    assert "Alice Archer" in shown
    assert "Carla Costa" not in shown
    assert 'aria-sort="descending"' in shown
    assert re.search(r'aria-current="page"><bdi>Named like Alice', shown)


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\x07b", "NAMED"])
def test_a_name_that_cannot_be_stands_in_the_form_with_its_reason(
    aurora: ShopAndClient, name: str
) -> None:
    save(aurora, "named", search="alice")

    answer = aurora.post("/app/members/views", view_name=name, search="carla")

    assert answer.status_code == 422
    assert 'id="view_name-error"' in answer.text
    assert 'name="search" value="carla"' in answer.text


def test_sent_twice_it_is_saved_once(aurora: ShopAndClient) -> None:
    save(aurora, "Named", search="alice")
    save(aurora, "Named", search="alice")

    assert aurora.get("/app/members").text.count("<bdi>Named</bdi>") == 1


def test_a_hostile_name_is_shown_as_text(aurora: ShopAndClient) -> None:
    save(aurora, "<script>alert(1)</script>", search="alice")

    page = aurora.get("/app/members").text

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_a_deleted_view_is_gone_and_another_shop_has_none_of_it(
    aurora: ShopAndClient, borealis: ShopAndClient
) -> None:
    save(aurora, "Named", search="alice")
    page = aurora.get("/app/members?search=alice").text
    found = re.search(r"/app/members/views/([0-9a-f-]{36})/removal", page)
    assert found
    path = f"/app/members/views/{found.group(1)}/removal"

    foreign = borealis.post(path)
    first, again = aurora.post(path), aurora.post(path)

    assert (foreign.status_code, first.status_code, again.status_code) == (404, 204, 404)
    assert "Saved views" not in aurora.get("/app/members").text
    assert "Saved views" not in borealis.get("/app/members").text


def save(aurora: ShopAndClient, name: str, **asked: str) -> None:
    """Save what is asked under the name."""
    assert aurora.post("/app/members/views", view_name=name, **asked).status_code == 204
