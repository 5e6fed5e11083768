"""R150, R153: archived and restored by hand; and a member who vanished meanwhile."""

import json
from uuid import UUID

import pytest

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member
from loyalty.merging.merging import merge
from loyalty.queries.archived import list_archived
from loyalty.shops.directory import get_shop
from tests.admin.cast import ShopAndClient
from tests.admin.profile.test_adjustments import GRANT, balance

ARCHIVED = "/app/members/archived"


@pytest.fixture
def path(aurora: ShopAndClient, alice: UUID) -> str:
    """The page of Alice, who has 250 points."""
    path = f"/app/members/{alice}"
    assert aurora.post(f"{path}/adjustments", **GRANT).status_code == 200
    return path


def state(shop: ShopAndClient, member: UUID) -> str:
    """Active, archived, merged or erased."""
    with shop_transaction(shop.shop_id) as session:
        return session.get_one(Member, (shop.shop_id, member)).state


def test_archived_points_are_put_away_and_come_back(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    away = aurora.post(f"{path}/archive")
    archived = balance(aurora, alice), aurora.get(path).text
    back = aurora.post(f"{path}/restore")

    assert "Archived with 250 points" in away.headers["HX-Trigger"]
    assert archived[0] == 0
    assert ">Archived</span>" in archived[1] and ">Restore</button>" in archived[1]
    assert not any(f'data-open="{name}"' in archived[1] for name in ("adjust", "archive"))
    assert "Export as JSON" in archived[1] and "Merge into…" in archived[1]
    assert "Restored with 250 points" in back.headers["HX-Trigger"]
    assert (state(aurora, alice), balance(aurora, alice)) == ("active", 250)


def test_who_is_archived_is_found_in_a_list_of_their_own(
    aurora: ShopAndClient, borealis: ShopAndClient, alice: UUID, path: str
) -> None:
    assert "Nobody is archived" in aurora.get(ARCHIVED).text
    aurora.post(f"{path}/archive")

    page = aurora.get(ARCHIVED).text

    assert f'href="{path}"' in page and "alice@example.com" in page
    assert f'href="{path}"' not in aurora.get("/app/members").text
    assert f'href="{ARCHIVED}"' in aurora.get("/app/members").text
    assert "Nobody is archived" in borealis.get(ARCHIVED).text


def test_the_archived_come_batch_by_batch(aurora: ShopAndClient) -> None:
    ids = [aurora.enrol("No", str(number), None) for number in range(3)]
    with shop_transaction(aurora.shop_id) as session:
        for one in ids:
            session.get_one(Member, (aurora.shop_id, one)).state = "archived"
        session.flush()
        first = list_archived(session, aurora.shop_id, limit=2)
        rest = list_archived(session, aurora.shop_id, after=first.next, limit=2)

    assert [one.id for one in (*first.rows, *rest.rows)] == sorted(ids, reverse=True)
    assert rest.next is None


def test_what_is_done_already_is_refused_in_words(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    early = aurora.post(f"{path}/restore")
    aurora.post(f"{path}/archive")
    twice = aurora.post(f"{path}/archive")

    assert (early.status_code, twice.status_code) == (409, 409)
    assert "has changed meanwhile" in twice.headers["HX-Trigger"]
    assert state(aurora, alice) == "archived"


@pytest.mark.parametrize("act", ["archive", "restore"])
def test_member_of_another_shop_is_not_found(
    aurora: ShopAndClient, borealis: ShopAndClient, bob: UUID, act: str
) -> None:
    assert aurora.post(f"/app/members/{bob}/{act}").status_code == 404
    assert state(borealis, bob) == "active"


def test_who_was_merged_meanwhile_has_a_page_that_leads_to_the_other(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    carol = aurora.enrol("Carol", "Clark", "carol@example.com")
    with shop_transaction(aurora.shop_id) as session:
        shop = get_shop(session, aurora.shop_id)
        merge(session, shop, carol, alice, actor=Actor("staff", "42"), now=utc_now())

    answer = aurora.get(path)

    assert answer.status_code == 200
    assert "Merged into another member" in answer.text
    assert f'href="/app/members/{carol}"' in answer.text and "Carol Clark" in answer.text


def test_who_was_erased_meanwhile_has_a_page_that_says_so(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(Member, (aurora.shop_id, alice)).state = "erased"

    answer = aurora.get(path)

    assert answer.status_code == 200
    assert "This member was erased" in answer.text and "Alice" not in answer.text


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        ("adjustments", GRANT | {"client_key": "key-2"}),
        ("details", {"detail_first_name": "Alicia"}),
        ("redemptions", {"reward_id": str(UUID(int=1)), "client_key": str(UUID(int=2))}),
        ("notes", {"note_text": "Called", "client_key": str(UUID(int=7))}),
    ],
)
def test_an_open_form_of_who_vanished_leads_to_the_page_that_says_so(
    aurora: ShopAndClient, alice: UUID, path: str, act: str, fields: dict[str, str]
) -> None:
    aurora.post(f"{path}/archive")

    answer = aurora.post(f"{path}/{act}", **fields)

    assert answer.status_code == 409 and answer.text == ""
    assert json.loads(answer.headers["HX-Location"])["path"] == path
    assert "Nothing was changed" in answer.headers["HX-Trigger"]
    assert balance(aurora, alice) == 0
