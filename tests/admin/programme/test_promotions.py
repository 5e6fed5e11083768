"""R168: promotions are listed, written with their conditions, and switched."""

from decimal import Decimal
from uuid import uuid4

import pytest

from loyalty.base.db import shop_transaction
from loyalty.programme.tables import Promotion
from tests.admin.cast import ShopAndClient
from tests.admin.forms import Fields, fields_of
from tests.admin.programme.programme_cast import PROGRAMME, all_of, audited, place, send

PROMOTIONS = f"{PROGRAMME}/promotions"
WEEK = {
    "name": "Candle week",
    "multiplier": "2.5",
    "starts_on": "2030-12-01",
    "ends_on": "2030-12-07",
    "tags": "candle",
}


def wrote(fields: Fields, **typed: str) -> Fields:
    return [(name, value) for name, value in fields if name not in typed] + list(typed.items())


def blank(shop: ShopAndClient, **typed: str) -> Fields:
    return wrote(fields_of(shop.get(f"{PROMOTIONS}/new").text, "promotion-form"), **(WEEK | typed))


def add(shop: ShopAndClient) -> Promotion:
    assert place(send(shop, PROMOTIONS, blank(shop))) == PROMOTIONS
    [found] = all_of(shop, Promotion)
    assert isinstance(found, Promotion)
    return found


def shown(shop: ShopAndClient, found: Promotion) -> Fields:
    return fields_of(shop.get(f"{PROMOTIONS}/{found.id}").text, "promotion-form")


def test_one_is_written_shown_and_saved_untouched(aurora: ShopAndClient) -> None:
    found = add(aurora)

    assert found.multiplier == Decimal("2.5") and found.conditions == {"tags": ["candle"]}
    page = aurora.get(PROMOTIONS).text
    assert "Candle week" in page and "× 2.5" in page and "To come" in page
    place(send(aurora, f"{PROMOTIONS}/{found.id}", shown(aurora, found)))
    assert all_of(aurora, Promotion)[0].version == 1
    assert len(audited(aurora, "promotion_added")) == 1
    assert audited(aurora, "promotion_changed") == []


def test_a_changed_one_is_a_new_version(aurora: ShopAndClient) -> None:
    found = add(aurora)

    place(send(aurora, f"{PROMOTIONS}/{found.id}", wrote(shown(aurora, found), multiplier="3")))

    [kept] = all_of(aurora, Promotion)
    assert (kept.multiplier, kept.version) == (3, 2)
    assert len(audited(aurora, "promotion_changed")) == 1


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", ""),
        ("multiplier", "1"),
        ("multiplier", "101"),
        ("multiplier", "twice"),
        ("multiplier", ""),
        ("ends_on", "2030-11-30"),
        ("starts_on", "soon"),
        ("products", "77"),
        ("minimum_minor", "0"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_with_what_was_typed(
    aurora: ShopAndClient, field: str, text: str
) -> None:
    answer = send(aurora, PROMOTIONS, blank(aurora, **{field: text}))

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    kept = fields_of(answer.text, "promotion-form")
    assert (field, text) in kept and ("tags", "candle") in kept
    assert all_of(aurora, Promotion) == []


def test_one_is_switched_off_and_on_unless_it_cannot_work(aurora: ShopAndClient) -> None:
    found = add(aurora)
    path = f"{PROMOTIONS}/{found.id}/switch"

    place(aurora.post(path, is_active="0"))
    assert not all_of(aurora, Promotion)[0].is_active
    place(aurora.post(path, is_active="1"))
    assert all_of(aurora, Promotion)[0].is_active

    with shop_transaction(aurora.shop_id) as session:
        row = session.get_one(Promotion, (aurora.shop_id, found.id))
        row.is_active, row.conditions = False, {"moon": "full"}
    answer = aurora.post(path, is_active="1")
    assert place(answer) == f"{PROMOTIONS}/{found.id}"
    assert "Not switched on" in answer.headers["HX-Trigger"]
    assert not all_of(aurora, Promotion)[0].is_active


def test_why_one_counts_for_nothing_is_said_by_the_name_of_its_field(
    aurora: ShopAndClient,
) -> None:
    found = add(aurora)
    with shop_transaction(aurora.shop_id) as session:
        row = session.get_one(Promotion, (aurora.shop_id, found.id))
        row.conditions, row.fault = {"tags": []}, "conditions.tags as the log has it"

    for path in (PROMOTIONS, f"{PROMOTIONS}/{found.id}"):
        page = aurora.get(path).text
        assert "Products with any of these tags: This is empty" in page
        assert "conditions.tags" not in page


def test_another_shops_promotion_is_not_found(
    aurora: ShopAndClient, borealis: ShopAndClient
) -> None:
    found = add(borealis)
    fields = shown(borealis, found)

    for wanted in (found.id, uuid4(), "none"):
        assert aurora.get(f"{PROMOTIONS}/{wanted}").status_code == 404
        assert send(aurora, f"{PROMOTIONS}/{wanted}", fields).status_code == 404
        assert aurora.post(f"{PROMOTIONS}/{wanted}/switch", is_active="0").status_code == 404
    assert all_of(borealis, Promotion)[0].is_active
    assert "Candle week" not in aurora.get(PROMOTIONS).text
