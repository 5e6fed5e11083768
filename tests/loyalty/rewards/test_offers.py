"""R133: which rewards a member can redeem now, what each costs, and what is missing."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.errors import (
    CartTooSmall,
    InsufficientPoints,
    LoyaltyError,
    MemberNotFound,
    RewardNotAvailable,
)
from loyalty.catalogue.tables import Product
from loyalty.members.tables import Member
from loyalty.programme.pausing import pause
from loyalty.redemption.issuing import issue
from loyalty.redemption.reserving import reserve
from loyalty.rewards.stock import import_codes
from loyalty.rewards.tables import Reward
from loyalty.rewards.views import Offer, list_offers
from loyalty.shops.tables import Shop
from loyalty.tiers.tables import Tier
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.ledger.cast import figures
from tests.loyalty.redemption.cast import STAFF, a_reward, a_wish, have_points, reserved
from tests.loyalty.tiers.cast import have_tiers


def offers(session: Session, shop: Shop, member: Member, **asked: Any) -> list[Offer]:
    given: dict[str, Any] = {"channel": "online", "now": NOON} | asked
    return list_offers(session, shop, member.id, **given)


def test_an_offer_says_what_is_missing(session: Session, aurora: Shop, alice: Member) -> None:
    have_points(session, alice, 120)
    a_reward(session, aurora, name="Ten", cost_points=200, amount_minor=1000)
    a_reward(session, aurora, name="Five", cost_points=100)

    five, ten = offers(session, aurora, alice)

    assert (five.name, five.is_redeemable, five.missing_points) == ("Five", True, 0)
    assert (ten.name, ten.is_redeemable, ten.missing_points) == ("Ten", False, 80)
    assert (five.why_not, ten.why_not) == (None, "80 points are missing")


def test_what_a_reward_is_worth_stands_in_words(
    session: Session, aurora: Shop, alice: Member
) -> None:
    session.add(Product(shop_id=aurora.shop_id, product_id=9001, title="Candle", tags=[]))
    session.flush()
    a_reward(session, aurora, cost_points=1)
    a_reward(session, aurora, cost_points=2, kind="percentage", percentage="12.5")
    a_reward(session, aurora, cost_points=3, kind="free_shipping")
    a_reward(session, aurora, cost_points=4, kind="free_product", product_id=9001)
    a_reward(session, aurora, cost_points=5, kind="store_credit")
    a_reward(session, aurora, cost_points=100, amount_minor=100, pricing="per_point")

    assert [offer.worth for offer in offers(session, aurora, alice)] == [
        "€5.00 off",
        "12.5% off",
        "Free shipping",
        "Free: Candle",
        "€5.00 store credit",
        "€1.00 off per 100 points",
    ]


def test_offers_of_other_channels_and_seasons_are_left_out(
    session: Session, aurora: Shop, alice: Member
) -> None:
    for name, settings in (
        ("till", {"visibility": "till"}),
        ("hidden", {"visibility": "hidden"}),
        ("off", {"is_active": False}),
        ("later", {"starts_on": "2026-11-23"}),
        ("over", {"ends_on": "2026-11-21"}),
        ("today", {"starts_on": "2026-11-22", "ends_on": "2026-11-22"}),
    ):
        a_reward(session, aurora, name=name, **settings)

    assert [offer.name for offer in offers(session, aurora, alice)] == ["today"]
    at_the_till = offers(session, aurora, alice, channel="till")
    assert [offer.name for offer in at_the_till] == ["till", "today"]
    by_staff = offers(session, aurora, alice, channel="admin")
    assert [offer.name for offer in by_staff] == ["till", "hidden", "today"]


def test_a_reward_for_another_tier_says_so(session: Session, aurora: Shop, alice: Member) -> None:
    have_points(session, alice, 100)
    have_tiers(session, aurora, ("Silver", 0, "1"), ("Gold", 500_00, "2"))
    tiers = {tier.name: str(tier.id) for tier in session.scalars(select(Tier))}
    a_reward(session, aurora, name="Silver", tier_ids=[tiers["Silver"]])
    a_reward(session, aurora, name="Gold", tier_ids=[tiers["Gold"]])

    why_not = {offer.name: offer.why_not for offer in offers(session, aurora, alice)}

    assert why_not == {"Silver": None, "Gold": "This reward is for another tier"}


def test_a_reward_per_point_costs_what_the_cart_can_use(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 1234)
    a_reward(session, aurora, pricing="per_point", amount_minor=100, points_max=5000)

    [without_cart] = offers(session, aurora, alice)
    [small] = offers(session, aurora, alice, cart_minor=799)
    [tiny] = offers(session, aurora, alice, cart_minor=99)

    assert (without_cart.cost_points, without_cart.amount_minor) == (1200, 1200)
    assert (small.cost_points, small.amount_minor) == (700, 700)
    assert (tiny.is_redeemable, tiny.why_not) == (False, "The cart is too small for this reward")


@pytest.mark.parametrize(
    ("settings", "wish", "points"),
    [
        ({}, {}, 1200),
        ({}, {"points": 350}, 300),
        ({}, {"points": 350, "cart_minor": 250}, 200),
        ({"points_max": 450}, {}, 400),
        ({"points_max": 450}, {"points": 1000}, 400),
        ({"points_min": 250}, {"points": 300}, 300),
    ],
)
def test_a_wish_per_point_is_priced_in_whole_units(
    session: Session,
    aurora: Shop,
    alice: Member,
    settings: dict[str, Any],
    wish: dict[str, Any],
    points: int,
) -> None:
    have_points(session, alice, 1234)
    reward = a_reward(session, aurora, pricing="per_point", amount_minor=100, **settings)

    redemption = reserved(session, aurora, alice, reward, **wish)

    assert redemption.points == points
    assert redemption.terms["amount_minor"] == points


@pytest.mark.parametrize(
    ("settings", "wish", "refusal"),
    [
        ({}, {"points": 99}, RewardNotAvailable),
        ({"points_min": 250}, {"points": 299}, RewardNotAvailable),
        ({"points_min": 1300}, {}, InsufficientPoints),
        ({}, {"points": 1300}, InsufficientPoints),
        ({"points_min": 250}, {"cart_minor": 299}, CartTooSmall),
    ],
)
def test_a_wish_per_point_that_cannot_be_is_refused(
    session: Session,
    aurora: Shop,
    alice: Member,
    settings: dict[str, Any],
    wish: dict[str, Any],
    refusal: type[LoyaltyError],
) -> None:
    have_points(session, alice, 1234)
    reward = a_reward(session, aurora, pricing="per_point", amount_minor=100, **settings)

    with pytest.raises(refusal):
        reserved(session, aurora, alice, reward, **wish)


def test_what_is_offered_as_redeemable_can_be_redeemed_and_nothing_else(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 122)
    every: list[Reward] = [
        a_reward(session, aurora),
        a_reward(session, aurora, cost_points=123),
        a_reward(session, aurora, code_source="stock"),
        a_reward(session, aurora, minimum_cart_minor=1000),
        a_reward(session, aurora, pricing="per_point", amount_minor=100),
    ]
    stocked = a_reward(session, aurora, code_source="stock")
    import_codes(session, aurora.shop_id, stocked.id, "AAA", actor=STAFF, now=NOON)
    used_up = a_reward(session, aurora, limit_per_member=1, cost_points=1)
    reserved(session, aurora, alice, used_up)
    credit = a_reward(session, aurora, kind="store_credit", cost_points=2)
    reserved(session, aurora, alice, credit)
    every += [stocked, used_up, credit]
    found = {o.reward_id: o for o in offers(session, aurora, alice, cart_minor=900)}

    for reward in every:
        wish, nested = a_wish(reward, cart_minor=900), session.begin_nested()
        try:
            reserve(session, aurora, alice.id, wish, actor=STAFF, now=NOON)
            assert found[reward.id].is_redeemable
        except LoyaltyError as refusal:
            assert found[reward.id].why_not == str(refusal)
        nested.rollback()
    assert sum(offer.is_redeemable for offer in found.values()) == 3


def test_a_second_store_credit_is_not_offered_until_the_first_is_paid(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 300)
    credit = a_reward(session, aurora, name="Credit", kind="store_credit")
    a_reward(session, aurora, name="Code")
    first = reserved(session, aurora, alice, credit)

    waiting = {offer.name: offer.why_not for offer in offers(session, aurora, alice)}
    issue(session, aurora.shop_id, first.id, discount_gid="gid://shopify/Credit/1", now=NOON)
    paid = {offer.name: offer.why_not for offer in offers(session, aurora, alice)}

    wait = "Another store credit of this amount is being paid: try again in a minute"
    assert waiting == {"Credit": wait, "Code": None}
    assert paid == {"Credit": None, "Code": None}


def test_points_that_were_over_at_midnight_are_missing_before_the_nightly_run(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 120, last_valid_on=NOON.date())
    a_reward(session, aurora)

    [today] = offers(session, aurora, alice)
    [tomorrow] = offers(session, aurora, alice, now=NOON + timedelta(days=1))

    assert (today.is_redeemable, today.missing_points) == (True, 0)
    assert (tomorrow.is_redeemable, tomorrow.missing_points) == (False, 100)
    assert figures(session, alice)[0] == 120


def test_in_a_pause_and_for_who_is_away_nothing_is_redeemable(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 100)
    a_reward(session, aurora)
    alice.state = "archived"
    session.flush()
    assert [o.why_not for o in offers(session, aurora, alice)] == ["This account is not active"]

    alice.state = "active"
    session.flush()
    pause(session, aurora.shop_id, resume_mode="skip", actor=STAFF, now=NOON)
    why_not = "The programme is paused: nothing can be redeemed until it goes on"
    assert [o.why_not for o in offers(session, aurora, alice)] == [why_not]


def test_a_member_of_another_shop_is_not_found(
    session: Session, aurora: Shop, alice: Member
) -> None:
    borealis = install_shop(session, "borealis", currency="USD", timezone="UTC")

    with pytest.raises(MemberNotFound):
        offers(session, borealis, alice)
