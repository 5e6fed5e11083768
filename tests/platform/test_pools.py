"""Pools: a discount whose codes are added in bulk, over real HTTP."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from config import Settings
from loyalty.base.clock import utc_now
from loyalty.base.errors import DiscountRefused
from loyalty.redemption.terms import Terms
from shopify_app.platform import client, cost_bucket, installations
from shopify_app.platform.discounts import pools
from shopify_app.platform.discounts.disabling import delete_code
from shopify_app.platform.discounts.making import CodeTaken
from shopify_app.platform.discounts.pools import Adding, PoolTerms
from shopify_app.platform.errors import ShopifyError
from shopify_app.platform.session_tokens import verify
from tests.platform.shopify import Shopify


@pytest.fixture
def shop_id(shopify: Shopify, connected: Settings) -> int:
    """Aurora, installed; codes take no time."""
    shopify.tell("bulk", seconds_per_object=0)
    return installations.ensure_installed(verify(shopify.id_token(), connected))


def a_pool(**changes: object) -> PoolTerms:
    """Ten percent off, from now on."""
    terms = Terms(
        kind="percentage",
        name="Spring",
        currency="USD",
        code_source="made",
        validity_days=30,
        percentage=Decimal(10),
    )
    name = uuid4().hex[:8].upper()
    pool = PoolTerms(f"encore-coupon-{name}", f"{name}-0", terms, utc_now(), None)
    return replace(pool, **changes)  # type: ignore[arg-type]


def wait(shop_id: int, gid: str, adding: str) -> Adding:
    """The addition once it is done."""
    for _ in range(200):
        found = pools.poll_codes(shop_id, gid, adding)
        if found is not None and found.is_done:
            return found
    raise AssertionError("the codes are never done")


def test_a_pool_has_many_codes_each_good_once(shopify: Shopify, shop_id: int) -> None:
    wanted = a_pool()
    gid = pools.make_pool(shop_id, wanted)
    codes = [f"{wanted.first_code[:-1]}{number}" for number in range(1, 4)]

    added = wait(shop_id, gid, pools.add_codes(shop_id, gid, codes))

    assert added == Adding(is_done=True, added=3, refused={})
    order = {"lines": [{"title": "Tea", "price": "10.00"}]}
    for code in codes:
        placed = shopify.tell("orders", **order, discounts=[{"code": code}])
        assert placed["discount_codes"][0]["amount"] == "1.00"
    with pytest.raises(Exception, match="422"):
        shopify.tell("orders", **order, discounts=[{"code": codes[0]}])


def test_while_shopify_works_the_addition_is_not_done(shopify: Shopify, shop_id: int) -> None:
    wanted = a_pool()
    gid = pools.make_pool(shop_id, wanted)
    shopify.tell("bulk", seconds_per_object=0.3)

    adding = pools.add_codes(shop_id, gid, [f"{wanted.first_code}-1"])

    assert pools.poll_codes(shop_id, gid, adding) == Adding(False, 0, {})
    assert wait(shop_id, gid, adding).added == 1


def test_following_an_addition_costs_next_to_nothing(shopify: Shopify, shop_id: int) -> None:
    wanted = a_pool()
    gid = pools.make_pool(shop_id, wanted)
    codes = [f"{wanted.first_code}-{number}" for number in range(pools.CODES_AT_ONCE_MAX)]
    read = shopify.calls("RedeemCodesRefused")

    added = wait(shop_id, gid, pools.add_codes(shop_id, gid, codes))

    assert added.added == pools.CODES_AT_ONCE_MAX
    assert cost_bucket.cost_of("redeem_codes_creation") == 1
    assert shopify.calls("RedeemCodesRefused") == read


def test_refused_codes_are_read_in_pages(shopify: Shopify, shop_id: int) -> None:
    wanted = a_pool()
    gid = pools.make_pool(shop_id, wanted)
    foreign = [f"{wanted.first_code}-{number}" for number in range(60)]
    shopify.tell("discounts", code=foreign[0], percentage="5", more_codes=foreign[1:])
    read = shopify.calls("RedeemCodesRefused")

    added = wait(shop_id, gid, pools.add_codes(shop_id, gid, foreign))

    assert added.added == 0 and added.refused.keys() == set(foreign)
    assert shopify.calls("RedeemCodesRefused") == read + 2


def test_making_a_pool_again_finds_it(shop_id: int) -> None:
    wanted = a_pool()

    assert pools.make_pool(shop_id, wanted) == pools.make_pool(shop_id, wanted)


def test_the_code_of_another_discount_is_no_pool_of_ours(shopify: Shopify, shop_id: int) -> None:
    wanted = a_pool()
    shopify.tell("discounts", code=wanted.first_code, percentage="5")

    with pytest.raises(CodeTaken):
        pools.make_pool(shop_id, wanted)


def test_codes_asked_for_again_count_once_and_foreign_ones_are_named(
    shopify: Shopify, shop_id: int
) -> None:
    wanted = a_pool()
    gid = pools.make_pool(shop_id, wanted)
    ours, foreign = f"{wanted.first_code}-1", f"{wanted.first_code}-2"
    shopify.tell("discounts", code=foreign, percentage="5")
    shopify.fail("graphql", "cut", topic="RedeemCodesAdd", count=1)
    with pytest.raises(ShopifyError):
        pools.add_codes(shop_id, gid, [ours])

    added = wait(shop_id, gid, pools.add_codes(shop_id, gid, [ours, foreign]))

    assert added == Adding(is_done=True, added=1, refused={foreign: "TAKEN"})


def test_one_code_is_taken_out_and_the_others_stay(shopify: Shopify, shop_id: int) -> None:
    wanted = a_pool()
    gid = pools.make_pool(shop_id, wanted)
    one, other = f"{wanted.first_code}-1", f"{wanted.first_code}-2"
    wait(shop_id, gid, pools.add_codes(shop_id, gid, [one, other]))

    delete_code(shop_id, one)
    delete_code(shop_id, one)

    assert not pools.has_code(shop_id, gid, one) and pools.has_code(shop_id, gid, other)


def test_what_shopify_refuses_is_said_in_words(shopify: Shopify, shop_id: int) -> None:
    over = a_pool(ends_at=utc_now() - timedelta(days=1))

    with pytest.raises(DiscountRefused, match="over before it begins"):
        pools.make_pool(shop_id, over)


def test_a_pool_is_known_by_its_tag(shop_id: int) -> None:
    wanted = a_pool()
    pools.make_pool(shop_id, wanted)

    variables = {"code": wanted.first_code, "search": wanted.first_code}
    found = client.execute(shop_id, "discount_by_code", variables)["codeDiscountNodeByCode"]

    assert wanted.tag in found["codeDiscount"]["tags"]
