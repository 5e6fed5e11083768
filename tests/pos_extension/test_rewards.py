"""Rewards at the till: what can be had, what is missing, what is held already."""

from sqlalchemy import select

from loyalty.base.db import shop_transaction
from loyalty.redemption.doubts import CREDIT_IN_DOUBT
from loyalty.redemption.tables import Redemption
from tests.pos_extension.redeem_cast import Customer


def test_the_till_is_told_what_can_be_had_and_what_is_missing(customer: Customer) -> None:
    cheap = customer.alice.a_reward()
    dear = customer.alice.a_reward(name="Dear", cost_points=1066)
    customer.alice.a_reward(name="Online only", visibility="online")

    found = customer.offers()

    assert [one["id"] for one in found["rewards"]] == [str(cheap), str(dear)]
    near, far = found["rewards"]
    assert (near["is_redeemable"], near["missing_points"]) == (True, 0)
    assert (far["is_redeemable"], far["missing_points"]) == (False, 66)
    assert found["redemptions"] == []


def test_a_reward_per_point_costs_what_the_cart_can_use(customer: Customer) -> None:
    reward = customer.alice.a_reward(
        name="By points", pricing="per_point", cost_points=100, amount_minor=100
    )

    [offer] = customer.offers(cart_subtotal="3.00", cart_currency="USD")["rewards"]
    answer = customer.redeem(reward, cart_subtotal="3.00", cart_currency="USD")

    assert offer["cost_points"] == 300
    assert answer.get_json()["redemption"]["points"] == 300


def test_what_is_held_already_is_shown_with_its_code(customer: Customer) -> None:
    made = customer.redeem(customer.alice.a_reward()).get_json()["redemption"]

    [held] = customer.offers()["redemptions"]

    assert held == made


def test_a_store_credit_of_which_nobody_knows_is_told_as_one(customer: Customer) -> None:
    made = customer.redeem(customer.alice.a_reward()).get_json()["redemption"]
    with shop_transaction(customer.till.shop_id) as session:
        redemption = session.scalars(select(Redemption)).one()
        redemption.state, redemption.flags = "reserved", [CREDIT_IN_DOUBT]

    [held] = customer.offers()["redemptions"]

    assert (made["is_in_doubt"], held["is_in_doubt"]) == (False, True)
