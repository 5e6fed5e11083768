"""R168: rewards of every kind are written and switched, and their codes come in with a report."""

import io
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from loyalty.base.db import shop_transaction
from loyalty.catalogue.tables import Product
from loyalty.rewards.tables import Reward, RewardCode
from tests.admin.cast import ShopAndClient
from tests.admin.forms import Fields, fields_of
from tests.admin.programme.programme_cast import PROGRAMME, all_of, audited, place, send

REWARDS = f"{PROGRAMME}/rewards"
USUAL = {"name": "Five off", "cost_points": "100"}


def blank(shop: ShopAndClient, kind: str = "fixed_amount", **typed: str) -> Fields:
    """The fields of a new reward's form after a person wrote into some."""
    fields = fields_of(shop.get(f"{REWARDS}/new?kind={kind}").text, "reward-form")
    return wrote(fields, **(USUAL | typed))


def wrote(fields: Fields, **typed: str) -> Fields:
    return [(name, value) for name, value in fields if name not in typed] + list(typed.items())


def add(shop: ShopAndClient, kind: str = "fixed_amount", **typed: str) -> Reward:
    before = {reward.id for reward in all_of(shop, Reward)}
    assert send(shop, REWARDS, blank(shop, kind, **typed)).status_code == 204
    [found] = [reward for reward in all_of(shop, Reward) if reward.id not in before]
    assert isinstance(found, Reward)
    return found


def upload(shop: ShopAndClient, reward_id: object, body: bytes) -> TestResponse:
    return shop.client.post(
        f"{REWARDS}/{reward_id}/codes",
        data={"codes": (io.BytesIO(body), "codes.csv")},
        headers=shop.bearer(),
    )


@pytest.mark.parametrize(
    ("kind", "typed", "wanted"),
    [
        ("fixed_amount", {"amount": "5.00"}, {"amount_minor": 500, "pricing": "fixed"}),
        (
            "fixed_amount",
            {"amount": "1", "pricing": "per_point", "points_min": "200", "points_max": "1000"},
            {"pricing": "per_point", "points_min": 200, "points_max": 1000},
        ),
        ("percentage", {"percentage": "12.5"}, {"percentage": Decimal("12.5")}),
        ("free_shipping", {"minimum_cart": "30"}, {"minimum_cart_minor": 3000}),
        ("free_product", {"product_id": "9001"}, {"product_id": 9001, "variant_id": None}),
        ("store_credit", {"amount": "10"}, {"amount_minor": 1000, "code_source": "made"}),
    ],
)
def test_each_kind_is_written_shown_and_saved_untouched(
    aurora: ShopAndClient, kind: str, typed: dict[str, str], wanted: dict[str, Any]
) -> None:
    sell_a_candle(aurora)

    reward = add(aurora, kind, combines_with="order", limit_per_member="2", **typed)

    assert reward.kind == kind and reward.limit_per_member == 2
    assert {name: getattr(reward, name) for name in wanted} == wanted
    page = aurora.get(f"{REWARDS}/{reward.id}").text
    assert place(send(aurora, f"{REWARDS}/{reward.id}", fields_of(page, "reward-form"))) == REWARDS
    assert [each.version for each in all_of(aurora, Reward)] == [1]
    assert len(audited(aurora, "reward_added")) == 1
    assert audited(aurora, "reward_changed") == []


@pytest.mark.parametrize(
    ("kind", "field", "text"),
    [
        ("fixed_amount", "name", ""),
        ("fixed_amount", "cost_points", "0"),
        ("fixed_amount", "amount", "-5"),
        ("fixed_amount", "amount", "five"),
        ("fixed_amount", "limit_per_member", "0"),
        ("fixed_amount", "ends_on", "31.12."),
        ("fixed_amount", "validity_days", ""),
        ("fixed_amount", "visibility", "moon"),
        ("percentage", "percentage", "101"),
        ("percentage", "percentage", ""),
        ("free_product", "product_id", "77"),
        ("free_product", "product_id", "candle"),
        ("free_shipping", "minimum_cart", "1.234"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_with_what_was_typed(
    aurora: ShopAndClient, kind: str, field: str, text: str
) -> None:
    usual = {"amount": "5", "percentage": "5", "limit_period": "week"}
    fields = blank(aurora, kind, **(usual | {field: text}))

    answer = send(aurora, REWARDS, fields)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert ("limit_period", "week") in fields_of(answer.text, "reward-form")
    if field != "visibility":
        assert (field, text) in fields_of(answer.text, "reward-form")
    assert all_of(aurora, Reward) == []


def test_a_changed_reward_keeps_its_kind_and_is_audited(aurora: ShopAndClient) -> None:
    reward = add(aurora, amount="5")
    fields = fields_of(aurora.get(f"{REWARDS}/{reward.id}").text, "reward-form")

    place(send(aurora, f"{REWARDS}/{reward.id}", wrote(fields, amount="6", kind="percentage")))

    [kept] = all_of(aurora, Reward)
    assert (kept.kind, kept.amount_minor, kept.version) == ("fixed_amount", 600, 2)
    assert len(audited(aurora, "reward_changed")) == 1
    assert "6.00 off" in aurora.get(REWARDS).text


def test_a_reward_is_switched_off_and_on(aurora: ShopAndClient) -> None:
    reward = add(aurora, amount="5")
    for is_active, label in ((False, "Switch on"), (True, "Switch off")):
        answer = aurora.post(f"{REWARDS}/{reward.id}/switch", is_active=str(int(is_active)))
        assert place(answer) == REWARDS
        assert all_of(aurora, Reward)[0].is_active is is_active
        assert label in aurora.get(REWARDS).text


def test_codes_come_in_and_every_line_left_out_is_told(aurora: ShopAndClient) -> None:
    reward = add(aurora, amount="5", code_source="stock")
    assert "0 codes are left" in aurora.get(f"{REWARDS}/{reward.id}").text

    answer = upload(aurora, reward.id, b"Code\nABC-1\nABC-2\nabc-1\n\nA B\n")

    assert answer.status_code == 200
    assert "2 added" in answer.text and "2 codes are left" in answer.text
    assert "Line 4 stands in line 2 already" in answer.text
    assert "3 lines were left out" in answer.text
    assert sorted(each.code for each in all_of(aurora, RewardCode)) == ["ABC-1", "ABC-2"]
    assert len(audited(aurora, "reward_codes_imported")) == 1


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b'"\n' * 3])
def test_a_file_that_is_none_adds_nothing(aurora: ShopAndClient, body: bytes) -> None:
    reward = add(aurora, amount="5", code_source="stock")

    answer = upload(aurora, reward.id, body)

    assert answer.status_code == 422 or "0 added" in answer.text
    assert all_of(aurora, RewardCode) == []


def test_a_reward_that_makes_its_codes_takes_no_file(aurora: ShopAndClient) -> None:
    reward = add(aurora, amount="5")

    assert "Imported codes" not in aurora.get(f"{REWARDS}/{reward.id}").text
    assert upload(aurora, reward.id, b"ABC-1").status_code == 422
    assert all_of(aurora, RewardCode) == []


def test_another_shops_reward_is_not_found(aurora: ShopAndClient, borealis: ShopAndClient) -> None:
    reward = add(borealis, amount="5", code_source="stock")
    fields = fields_of(borealis.get(f"{REWARDS}/{reward.id}").text, "reward-form")

    for wanted in (reward.id, uuid4(), "none"):
        assert aurora.get(f"{REWARDS}/{wanted}").status_code == 404
        assert send(aurora, f"{REWARDS}/{wanted}", fields).status_code == 404
        assert aurora.post(f"{REWARDS}/{wanted}/switch", is_active="0").status_code == 404
        assert upload(aurora, wanted, b"ABC-1").status_code == 404
    assert aurora.get(f"{REWARDS}/new?kind=gold").status_code == 404
    assert all_of(borealis, RewardCode) == []
    assert "Five off" not in aurora.get(REWARDS).text


def sell_a_candle(shop: ShopAndClient) -> None:
    with shop_transaction(shop.shop_id) as session:
        session.add(Product(shop_id=shop.shop_id, product_id=9001, title="Candle", tags=[]))
