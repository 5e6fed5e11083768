"""R130: notes that staff write about a member."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from loyalty import timeline
from loyalty.base.db import shop_transaction
from loyalty.members.tables import TimelineEvent
from loyalty.shops.tables import StaffMember
from tests.admin.cast import DANA, ShopAndClient


@pytest.fixture
def path(alice: UUID) -> str:
    """Alice's page."""
    return f"/app/members/{alice}"


def count(shop: ShopAndClient) -> int:
    """How many notes the shop has."""
    with shop_transaction(shop.shop_id) as session:
        notes = select(func.count()).where(TimelineEvent.kind == timeline.NOTE)
        return session.scalar(notes) or 0


def test_a_note_stands_on_the_tab_and_in_the_timeline_with_its_author(
    aurora: ShopAndClient, path: str
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        dana = StaffMember(shop_id=aurora.shop_id, user_id=DANA, name="Dana Diaz")
        dana.seen_at = func.now()
        session.add(dana)

    text = "<i>Allergic</i> to wool"
    answer = aurora.post(f"{path}/notes", client_key=str(uuid4()), note_text=text)

    assert answer.status_code == 204
    page = aurora.get(f"{path}?tab=notes").text
    tab, rail = page.split("<aside")
    for part in (tab, rail):
        assert "&lt;i&gt;Allergic&lt;/i&gt; to wool" in part and "Dana Diaz" in part


def test_the_same_form_twice_is_one_note_and_other_words_are_refused(
    aurora: ShopAndClient, path: str
) -> None:
    key = str(uuid4())
    first = aurora.post(f"{path}/notes", client_key=key, note_text="Called")
    again = aurora.post(f"{path}/notes", client_key=key, note_text="Called")
    other = aurora.post(f"{path}/notes", client_key=key, note_text="Wrote")

    assert (first.status_code, again.status_code, other.status_code) == (204, 204, 409)
    assert "already saved with another text" in other.text and key not in other.text
    assert count(aurora) == 1


@pytest.mark.parametrize(
    ("text", "key"),
    [("", None), ("  \n ", None), ("x" * 2001, None), ("nul\0", None), ("Fine", "no key")],
)
def test_bad_input_is_told_beside_the_field_and_kept(
    aurora: ShopAndClient, path: str, text: str, key: str | None
) -> None:
    answer = aurora.post(f"{path}/notes", client_key=key or str(uuid4()), note_text=text)

    assert answer.status_code == 422
    assert 'id="note_text-error"' in answer.text and text.strip("\0") in answer.text
    assert count(aurora) == 0


def test_member_of_another_shop_is_not_found(
    aurora: ShopAndClient, borealis: ShopAndClient, bob: UUID
) -> None:
    answer = aurora.post(f"/app/members/{bob}/notes", client_key=str(uuid4()), note_text="Hm")

    assert answer.status_code == 404
    assert count(borealis) == 0


def test_many_notes_are_loaded_batch_by_batch(aurora: ShopAndClient, path: str) -> None:
    for number in range(53):
        aurora.post(f"{path}/notes", client_key=str(uuid4()), note_text=f"No {number:02}.")

    tab = aurora.get(f"{path}?tab=notes").text.split("<aside")[0]
    more = tab.split("/notes?after=")[1].split('"')[0]
    rest = aurora.get(f"{path}/notes?after={more}").text

    assert tab.count("<bdi>No ") == 50
    assert [f"No {number:02}." in rest for number in range(53)] == [True] * 3 + [False] * 50
    assert "Load more" not in rest and "<html" not in rest
