"""Redeeming at the till: points become a code that works, or are back with the reason."""

from typing import Any
from uuid import uuid4

import pytest

from jobs import redemptions
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member
from loyalty.redemption.tables import Redemption
from tests.platform.shopify import Shopify
from tests.pos_extension.cast import Till
from tests.pos_extension.redeem_cast import Customer, error_of


def test_a_scanned_card_buys_a_code_for_the_cart(customer: Customer) -> None:
    reward = customer.alice.a_reward()

    answer = customer.redeem(reward)

    assert answer.status_code == 201, answer.get_json()
    body = answer.get_json()
    redemption = body["redemption"]
    assert (redemption["state"], redemption["points"]) == ("issued", 100)
    assert customer.alice.works(redemption["code"])
    assert body["member"]["points"] == customer.alice.points == 900
    [row] = customer.till.rows(Redemption)
    assert (row.channel, row.actor) == ("till", "till_user:7")


def test_what_the_till_says_of_cost_and_discount_is_not_read(customer: Customer) -> None:
    reward = customer.alice.a_reward()

    answer = customer.redeem(
        reward, cost_points=1, amount_minor=99999, code="MINE", channel="admin"
    )

    redemption = answer.get_json()["redemption"]
    assert (redemption["points"], customer.alice.points) == (100, 900)
    assert redemption["code"] != "MINE"
    order = customer.alice.shopify.tell(
        "orders",
        customer_id=customer.alice.customer_id,
        lines=[{"title": "Tea", "price": "20.00"}],
        discounts=[{"code": redemption["code"]}],
    )
    assert order["total_discounts"] == "5.00"


def test_a_shopify_that_is_silent_makes_the_code_later(
    customer: Customer, shopify: Shopify
) -> None:
    reward = customer.alice.a_reward()
    shopify.fail("graphql", "cut", topic="DiscountCodeBasicCreate", count=1)

    answer = customer.redeem(reward)

    assert answer.status_code == 202
    redemption = answer.get_json()["redemption"]
    assert (redemption["state"], redemption["code"]) == ("reserved", None)
    assert customer.alice.points == 900
    [row] = customer.till.rows(Redemption)
    customer.alice.make_due(row.id)
    redemptions.bring_on_due(customer.till.shop_id)
    later = customer.till.get(f"redemptions/{redemption['id']}").get_json()["redemption"]
    assert later["state"] == "issued"
    assert customer.alice.works(later["code"])


def test_what_shopify_refuses_is_told_and_the_points_are_back(
    customer: Customer, shopify: Shopify
) -> None:
    reward, key = customer.alice.a_reward(), str(uuid4())
    shopify.fail("discounts", "refuse", code="MAX_APP_DISCOUNTS", count=1)

    answers = [customer.redeem(reward, client_key=key) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert [error_of(answer) for answer in answers] == ["discount_refused"] * 2
    assert "Shopify" in answers[0].get_json()["error"]["fields"]["reward"]
    assert customer.alice.points == 1000


def test_a_code_is_taken_back_and_is_dead(customer: Customer) -> None:
    made = customer.redeem(customer.alice.a_reward()).get_json()["redemption"]
    path = f"/pos/v1/redemptions/{made['id']}"
    client = customer.till.app.test_client()

    first = client.delete(path, headers=customer.till.bearer())
    again = client.delete(path, headers=customer.till.bearer())

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.get_json()["redemption"]["state"] == "returned"
    assert customer.alice.points == again.get_json()["member"]["points"] == 1000
    assert not customer.alice.works(made["code"])


def test_redemptions_of_another_shop_are_unknown(customer: Customer, borealis: Till) -> None:
    made = customer.redeem(customer.alice.a_reward()).get_json()["redemption"]
    client = borealis.app.test_client()

    for path in (made["id"], made["id"].replace(f"{customer.till.shop_id}-", "999-"), "x"):
        read = client.get(f"/pos/v1/redemptions/{path}", headers=borealis.bearer())
        void = client.delete(f"/pos/v1/redemptions/{path}", headers=borealis.bearer())
        assert (read.status_code, void.status_code) == (404, 404)
    ours = made["id"].replace(f"{customer.till.shop_id}-", f"{borealis.shop_id}-")
    guessed = client.delete(f"/pos/v1/redemptions/{ours}", headers=borealis.bearer())
    assert (guessed.status_code, error_of(guessed)) == (404, "unknown_redemption")
    assert customer.alice.works(made["code"])


def test_who_redeems_often_is_told_of_and_served(customer: Customer) -> None:
    reward = customer.alice.a_reward(cost_points=1)
    answers = [customer.redeem(reward) for _ in range(10)]

    warnings = [answer.get_json()["redemption"]["warnings"] for answer in answers]

    assert warnings[0] == []
    assert "velocity_member" in warnings[-1]
    assert customer.alice.points == 990


BAD = [
    ("reward_id", {"reward_id": "x"}),
    ("client_key", {"client_key": "x"}),
    ("points", {"points": 0}),
    ("points", {"points": 1.5}),
    ("points", {"points": "5"}),
    ("cart_subtotal", {"cart_subtotal": "lots", "cart_currency": "USD"}),
    ("cart_subtotal", {"cart_subtotal": -1, "cart_currency": "USD"}),
    ("cart_subtotal", {"cart_subtotal": "1.001", "cart_currency": "USD"}),
    ("shown_code", {"shown_code": "12345"}),
    ("shown_code", {"shown_code": "١٢٣٤٥٦"}),
    ("manager_pin", {"manager_pin": "1234"}),
    ("location_id", {"location_id": 0}),
]


@pytest.mark.parametrize(("field", "change"), BAD)
def test_a_malformed_wish_is_told_beside_its_field(
    customer: Customer, field: str, change: dict[str, Any]
) -> None:
    reward = customer.alice.a_reward()

    answer = (
        customer.redeem(reward, scanned=customer.token, **change)
        if field != "reward_id"
        else (customer.till.post(f"members/{customer.id}/redemptions", **change))
    )

    assert answer.status_code == 422
    assert list(answer.get_json()["error"]["fields"]) == [field]
    assert customer.till.count(Redemption) == 0


@pytest.mark.parametrize("state", ["archived", "erased"])
def test_who_is_no_member_any_more_redeems_nothing(customer: Customer, state: str) -> None:
    reward = customer.alice.a_reward()
    with shop_transaction(customer.till.shop_id) as session:
        place = (customer.till.shop_id, customer.alice.member_id)
        session.get_one(Member, place).state = state

    answer = customer.redeem(reward)

    assert answer.status_code in (409, 410)
    assert customer.till.count(Redemption) == 0
