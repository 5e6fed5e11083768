"""R168, R162: locations are listed, and a reader's key is shown in one answer alone."""

import re
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from loyalty.actions.readers import find_reader, read_key
from loyalty.actions.tables import Reader
from loyalty.base.db import shop_transaction
from loyalty.shops.locations import LocationFacts, record_location
from tests.admin.cast import ShopAndClient
from tests.admin.programme.programme_cast import PROGRAMME, all_of, audited, place
from tests.factories.facts import NOON

LOCATIONS = f"{PROGRAMME}/locations"
READERS = f"{LOCATIONS}/readers"


def open_place(shop: ShopAndClient, location_id: int = 7, *, is_active: bool = True) -> None:
    facts = LocationFacts(location_id, f"Place <{location_id}>", is_active, {}, None, None, NOON)
    with shop_transaction(shop.shop_id) as session:
        record_location(session, shop.shop_id, facts)


def key_in(answer: TestResponse) -> str:
    found = re.search(r'id="reader-key">([^<]+)<', answer.text)
    assert answer.status_code == 200 and found
    return found[1]


def is_good(shop: ShopAndClient, text: str) -> bool:
    key = read_key(text)
    assert key is not None
    with shop_transaction(shop.shop_id) as session:
        return find_reader(session, key) is not None


def make(shop: ShopAndClient) -> tuple[Reader, str]:
    open_place(shop)
    key = key_in(shop.post(READERS, name="Door", location_id="7"))
    [reader] = all_of(shop, Reader)
    return reader, key


def test_a_reader_is_made_and_its_key_is_shown_once(aurora: ShopAndClient) -> None:
    _, key = make(aurora)

    assert is_good(aurora, key)
    page = aurora.get(LOCATIONS).text
    assert "Door" in page and "Place &lt;7&gt;" in page
    assert key not in page and "reader-key" not in page
    assert len(audited(aurora, "reader_added")) == 1


def test_a_new_key_ends_the_old_one(aurora: ShopAndClient) -> None:
    reader, old = make(aurora)

    new = key_in(aurora.post(f"{READERS}/{reader.id}/key"))

    assert is_good(aurora, new) and not is_good(aurora, old)
    assert len(audited(aurora, "reader_key_rotated")) == 1


def test_an_ended_reader_has_no_key_and_gets_none(aurora: ShopAndClient) -> None:
    reader, key = make(aurora)

    assert place(aurora.post(f"{READERS}/{reader.id}/end")) == LOCATIONS

    assert not is_good(aurora, key)
    assert "Ended" in aurora.get(LOCATIONS).text
    assert aurora.post(f"{READERS}/{reader.id}/key").status_code == 404
    assert aurora.post(f"{READERS}/{reader.id}/end").status_code == 404
    assert len(audited(aurora, "reader_revoked")) == 1


@pytest.mark.parametrize(
    ("name", "location", "field"),
    [("", "7", "name"), ("Door", "8", "location_id"), ("Door", "9", "location_id"),
     ("Door", "here", "location_id"), ("Door", str(2**70), "location_id")],
)  # fmt: skip
def test_what_is_wrong_stands_beside_its_field_and_makes_no_reader(
    aurora: ShopAndClient, borealis: ShopAndClient, name: str, location: str, field: str
) -> None:
    open_place(aurora)
    open_place(aurora, 8, is_active=False)
    open_place(borealis, 9)

    answer = aurora.post(READERS, name=name, location_id=location)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text and f'value="{name}"' in answer.text
    assert all_of(aurora, Reader) == []


def test_another_shops_reader_is_not_found(aurora: ShopAndClient, borealis: ShopAndClient) -> None:
    reader, key = make(borealis)

    for wanted in (reader.id, uuid4(), "none"):
        for deed in ("key", "end"):
            assert aurora.post(f"{READERS}/{wanted}/{deed}").status_code == 404
    assert is_good(borealis, key)
    assert "Door" not in aurora.get(LOCATIONS).text
