"""Redeeming over real HTTP: points or a code, never both, whatever Shopify answers or not."""

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from config import Settings
from jobs import redemptions
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction, shopless_transaction
from loyalty.base.errors import DiscountRefused, InsufficientPoints, RewardNotAvailable
from loyalty.members.tables import Customer
from loyalty.redemption import errands
from loyalty.redemption.tables import Redemption
from loyalty.rewards.tables import RewardCode
from loyalty.shops.directory import shops_with_work
from shopify_app.platform import cost_bucket, installations, redeeming
from shopify_app.platform.session_tokens import verify
from tests.platform.redeeming_cast import STAFF, Redeemer, make_redeemer
from tests.platform.shopify import Shopify

SCHEMA = Path(__file__).parents[2] / "sandbox/shopify/schema/admin_2026-10.json.gz"
FOUND_OTHERWISE = {"TAKEN", "DUPLICATE", "IMPLICIT_DUPLICATE", "INTERNAL_ERROR"}


@pytest.fixture
def alice(shopify: Shopify, connected: Settings) -> Redeemer:
    """Alice with 1000 points in Aurora, which is installed."""
    return make_redeemer(
        shopify, installations.ensure_installed(verify(shopify.id_token(), connected))
    )


def sweep(alice: Redeemer, redemption: Redemption) -> Redemption:
    """What the sweep makes of it, once whoever worked on it has died."""
    alice.make_due(redemption.id)
    redemptions.bring_on_due(alice.shop_id)
    return alice.read(redemption.id)


@pytest.mark.parametrize(
    ("settings", "value"),
    [
        ({}, {"amount": {"amount": "5.0"}}),
        ({"kind": "percentage", "percentage": "12.5"}, {"percentage": 0.125}),
        ({"kind": "free_shipping"}, None),
    ],
)
def test_a_reward_becomes_a_code_for_this_customer_alone(
    alice: Redeemer, settings: dict[str, Any], value: Any
) -> None:
    redemption = alice.redeem(alice.a_reward(**settings))

    assert redemption.state == "issued" and alice.points == 900
    assert alice.works(redemption.code)
    order = {"lines": [{"title": "Tea", "price": "20.00"}], "shipping": "3.00"}
    order |= {"discounts": [{"code": redemption.code}]}
    stranger = alice.shopify.state()["counts"]["Order"]
    with pytest.raises(Exception, match="422"):
        alice.shopify.tell("orders", **order)
    assert alice.shopify.state()["counts"]["Order"] == stranger
    placed = alice.shopify.tell("orders", customer_id=alice.customer_id, **order)
    assert placed["discount_codes"][0]["code"] == redemption.code
    with pytest.raises(Exception, match="422"):
        alice.shopify.tell("orders", customer_id=alice.customer_id, **order)


def test_a_free_product_is_one_unit_at_todays_price(alice: Redeemer) -> None:
    made = alice.shopify.tell("products", title="Lamp", price="12.00")
    reward = alice.a_reward(kind="free_product", product_id=alice.know_product(made["id"]))

    redemption = alice.redeem(reward)
    order = alice.shopify.tell(
        "orders",
        customer_id=alice.customer_id,
        lines=[{"product_id": made["id"], "quantity": 3}, {"title": "Tea", "price": "5.00"}],
        discounts=[{"code": redemption.code}],
    )

    lines = [[a["amount"] for a in line["discount_allocations"]] for line in order["line_items"]]
    assert lines == [["12.00"], []]


def test_a_product_that_is_gone_gives_the_points_back(alice: Redeemer) -> None:
    reward = alice.a_reward(kind="free_product", product_id=alice.know_product(1))

    with pytest.raises(DiscountRefused, match="no longer has this product"):
        alice.redeem(reward)

    assert alice.points == 1000


def test_the_same_wish_again_makes_no_second_code(alice: Redeemer) -> None:
    reward = alice.a_reward()
    wish = alice.a_wish(reward)

    first, again = alice.redeem(reward, wish=wish), alice.redeem(reward, wish=wish)

    assert (again.id, again.code, again.state) == (first.id, first.code, "issued")
    assert alice.points == 900


def test_the_same_wish_again_says_when_it_was_taken_back(alice: Redeemer) -> None:
    reward = alice.a_reward()
    wish = alice.a_wish(reward)
    redemption = alice.redeem(reward, wish=wish)
    alice.lose_answer("DiscountCodeDeactivate", "fail")
    redeeming.void(alice.shop_id, redemption.id, reason="changed_mind", actor=STAFF)

    assert alice.redeem(reward, wish=wish).state == "returning"
    sweep(alice, redemption)
    assert alice.redeem(reward, wish=wish).state == "returned"


def test_what_is_refused_within_writes_nothing(alice: Redeemer) -> None:
    def refuse(*_: object) -> None:
        raise RewardNotAvailable("no proof")

    with pytest.raises(RewardNotAvailable):
        alice.redeem(alice.a_reward(), within=refuse)

    assert alice.points == 1000


def test_too_few_points_never_reach_shopify(alice: Redeemer) -> None:
    before = alice.shopify.calls("DiscountCodeBasicCreate")

    with pytest.raises(InsufficientPoints):
        alice.redeem(alice.a_reward(cost_points=5000))

    assert alice.shopify.calls("DiscountCodeBasicCreate") == before


def _error_codes() -> list[str]:
    types = json.loads(gzip.decompress(SCHEMA.read_bytes()))["data"]["__schema"]["types"]
    (found,) = [each for each in types if each["name"] == "DiscountErrorCode"]
    return [value["name"] for value in found["enumValues"]]


def test_every_refusal_of_shopify_gives_the_points_back_and_says_why(alice: Redeemer) -> None:
    reward = alice.a_reward()
    for code in _error_codes():
        if code in FOUND_OTHERWISE:
            continue
        alice.shopify.fail("discounts", "refuse", code=code, count=1)

        with pytest.raises(DiscountRefused) as caught:
            alice.redeem(reward)

        assert caught.value.shopify_code == code
        assert str(caught.value)[0].isupper() and "_" not in str(caught.value)
        assert alice.points == 1000, code


def test_the_same_refused_wish_is_refused_again(alice: Redeemer) -> None:
    reward = alice.a_reward()
    wish = alice.a_wish(reward)
    alice.shopify.fail("discounts", "refuse", code="MAX_APP_DISCOUNTS", count=1)
    with pytest.raises(DiscountRefused):
        alice.redeem(reward, wish=wish)

    with pytest.raises(DiscountRefused, match="as many discounts as Shopify allows"):
        alice.redeem(reward, wish=wish)

    assert alice.points == 1000


def test_a_code_that_somebody_else_has_is_changed(alice: Redeemer) -> None:
    # a merchant's own discount has the code that ours would get
    alice.shopify.fail("graphql", "fail", status=503, topic="DiscountCodeBasicCreate", count=1)
    redemption = alice.redeem(alice.a_reward())
    assert redemption.state == "reserved"
    taken = redemption.code
    alice.shopify.tell("discounts", code=taken, percentage="10")

    healed = sweep(alice, redemption)

    assert healed.state == "issued" and healed.code != taken
    assert alice.works(healed.code) and alice.works(taken)


@pytest.mark.parametrize("mode", ["cut", "fail"])
def test_a_lost_answer_leaves_it_reserved_and_the_sweep_heals_it(
    alice: Redeemer, mode: str
) -> None:
    alice.lose_answer("DiscountCodeBasicCreate", mode)

    redemption = alice.redeem(alice.a_reward())

    assert redemption.state == "reserved" and alice.points == 900
    assert sweep(alice, redemption).state == "issued"
    assert alice.works(redemption.code) and alice.points == 900


def test_a_slow_shopify_keeps_nobody_waiting(alice: Redeemer) -> None:
    alice.lose_answer("DiscountCodeBasicCreate", "stall", seconds=1.5)

    redemption = alice.redeem(alice.a_reward(), patience={"attempts_max": 1, "answer_s": 0.5})

    assert redemption.state == "reserved"
    assert sweep(alice, redemption).state == "issued"


def test_a_shop_with_an_empty_bucket_keeps_nobody_waiting(alice: Redeemer) -> None:
    reward = alice.a_reward()
    alice.redeem(reward)  # what the call costs is known by now
    alice.shopify.tell("throttle", maximum=10, restore_rate=0.1)
    try:
        alice.redeem(reward)
        asked = alice.shopify.calls("DiscountCodeBasicCreate")
        redemption = alice.redeem(reward)
    finally:
        alice.shopify.tell("throttle", maximum=2000, restore_rate=100)
        cost_bucket._buckets.clear()

    # who waits for room in the bucket, asks once there should be some
    assert redemption.state == "reserved"
    assert alice.shopify.calls("DiscountCodeBasicCreate") == asked
    assert sweep(alice, redemption).state == "issued"


def test_somebody_whom_shopify_no_longer_has_gets_the_points_back(alice: Redeemer) -> None:
    with shop_transaction(alice.shop_id) as session:
        row = session.get_one(Customer, (alice.shop_id, alice.customer_id))
        row.deleted_at = utc_now()

    with pytest.raises(DiscountRefused, match="no customer of the shop"):
        alice.redeem(alice.a_reward())

    assert alice.points == 1000


def test_a_shop_that_takes_the_scope_away_gets_its_members_points_back(alice: Redeemer) -> None:
    scopes = alice.shopify.state()["scopes"]
    alice.shopify.tell("scopes", scopes=[s for s in scopes if "discounts" not in s])
    try:
        with (
            capture_logs() as logs,
            pytest.raises(DiscountRefused, match="open Encore in Shopify"),
        ):
            alice.redeem(alice.a_reward())
    finally:
        alice.shopify.tell("scopes", scopes=scopes)

    assert alice.points == 1000
    (told,) = [entry for entry in logs if entry["event"] == "redemption_not_asked_for"]
    assert told["shop"] == alice.shop_id
    assert alice.read(UUID(told["redemption"])).state == "returned"


def test_a_void_ends_the_code_before_the_points_return(alice: Redeemer) -> None:
    redemption = alice.redeem(alice.a_reward())

    returned = redeeming.void(alice.shop_id, redemption.id, reason="changed_mind", actor=STAFF)

    assert returned.state == "returned" and alice.points == 1000
    assert not alice.works(redemption.code)


@pytest.mark.parametrize("mode", ["cut", "fail"])
def test_while_the_code_may_work_the_points_stay_away(alice: Redeemer, mode: str) -> None:
    redemption = alice.redeem(alice.a_reward())
    alice.lose_answer("DiscountCodeDeactivate", mode)

    held = redeeming.void(alice.shop_id, redemption.id, reason="changed_mind", actor=STAFF)

    assert held.state == "returning" and alice.points == 900
    assert sweep(alice, redemption).state == "returned"
    assert alice.points == 1000 and not alice.works(redemption.code)


def test_a_code_whose_time_is_over_returns_its_points(alice: Redeemer) -> None:
    redemption = alice.redeem(alice.a_reward())
    expire(alice, redemption, ago=timedelta(minutes=9))
    redemptions.bring_on_due(alice.shop_id)
    # an order of the last minute may still be on its way to us
    assert alice.read(redemption.id).state == "issued"

    expire(alice, redemption, ago=timedelta(minutes=10))
    with shopless_transaction() as session:
        assert ("redemptions", alice.shop_id) in shops_with_work(session, utc_now())
    redemptions.bring_on_due(alice.shop_id)

    assert alice.read(redemption.id).state == "returned"
    assert alice.points == 1000 and not alice.works(redemption.code)


def test_a_turn_of_the_sweep_ends_by_the_clock(alice: Redeemer) -> None:
    redemption = alice.redeem(alice.a_reward())
    alice.lose_answer("DiscountCodeDeactivate", "cut")
    redeeming.void(alice.shop_id, redemption.id, reason="changed_mind", actor=STAFF)
    alice.make_due(redemption.id)

    assert redemptions.bring_on_due(alice.shop_id, for_s=0) == 0
    assert alice.read(redemption.id).state == "returning"
    assert redemptions.bring_on_due(alice.shop_id) == 1


def test_an_imported_code_is_deleted_alone_when_it_is_taken_back(alice: Redeemer) -> None:
    # a merchant's discount with two codes, of which one is our reward's stock
    ours, other = f"STOCK-{uuid4().hex[:8].upper()}", f"OTHER-{uuid4().hex[:8].upper()}"
    alice.shopify.tell("discounts", code=other, percentage="10", more_codes=[ours])
    reward = alice.a_reward(code_source="stock")
    with shop_transaction(alice.shop_id) as session:
        _import(session, alice.shop_id, ours, reward)

    redemption = alice.redeem(reward)
    assert (redemption.state, redemption.code) == ("issued", ours)
    returned = redeeming.void(alice.shop_id, redemption.id, reason="changed_mind", actor=STAFF)
    returned = returned if returned.state == "returned" else sweep(alice, redemption)

    assert returned.state == "returned"
    assert alice.discount(ours) is None and alice.works(other)


def test_two_sweeps_at_a_time_make_one_code(alice: Redeemer) -> None:
    alice.lose_answer("DiscountCodeBasicCreate", "fail")
    redemption = alice.redeem(alice.a_reward())

    first = redeeming.bring_on(alice.shop_id, redemption.id)
    again = redeeming.bring_on(alice.shop_id, redemption.id)

    assert (first.state, again.state) == ("issued", "issued")
    assert first.discount_gid == again.discount_gid


def test_who_holds_the_lease_is_left_alone(alice: Redeemer) -> None:
    alice.lose_answer("DiscountCodeBasicCreate", "fail")
    reward = alice.a_reward()
    wish = alice.a_wish(reward)
    redemption = alice.redeem(reward, wish=wish)
    with shop_transaction(alice.shop_id) as session:
        row = session.get_one(Redemption, (alice.shop_id, redemption.id))
        row.next_at = utc_now()
        assert errands.claim(session, alice.shop_id, redemption.id, now=utc_now())

    calls = alice.shopify.calls("DiscountCodeBasicCreate")
    assert alice.redeem(reward, wish=wish).state == "reserved"
    assert alice.shopify.calls("DiscountCodeBasicCreate") == calls


def expire(alice: Redeemer, redemption: Redemption, *, ago: timedelta) -> None:
    with shop_transaction(alice.shop_id) as session:
        row = session.get_one(Redemption, (alice.shop_id, redemption.id))
        row.expires_at = utc_now() - ago


def _import(session: Session, shop_id: int, code: str, reward_id: Any) -> None:
    session.add(RewardCode(shop_id=shop_id, code=code, reward_id=reward_id, imported_at=utc_now()))
