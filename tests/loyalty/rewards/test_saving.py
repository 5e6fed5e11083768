"""R156: rewards of every kind are saved, changed and refused field by field."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import AuditRow
from loyalty.base.errors import BadReward, RewardNotFound
from loyalty.base.ids import new_id
from loyalty.catalogue.tables import Product
from loyalty.rewards.saving import add_reward, change_reward, settings_of
from loyalty.rewards.tables import Reward
from loyalty.shops.tables import Shop
from loyalty.tiers.tables import Tier
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.redemption.cast import STAFF, a_reward
from tests.loyalty.tiers.cast import have_tiers

CANDLE = 9001


def saved(session: Session, shop: Shop, **given: Any) -> Reward:
    settings = {"name": "Thanks", "cost_points": 100} | given
    return add_reward(session, shop, settings, actor=STAFF, now=NOON)


def have_candle(session: Session, shop: Shop) -> None:
    session.add(Product(shop_id=shop.shop_id, product_id=CANDLE, title="Candle", tags=[]))
    session.flush()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"kind": "fixed_amount", "amount": "5.00"}, {"amount_minor": 500}),
        ({"kind": "percentage", "percentage": "12.5"}, {"percentage": Decimal("12.5")}),
        ({"kind": "free_shipping"}, {"amount_minor": None, "validity_days": 30}),
        ({"kind": "free_product", "product_id": CANDLE}, {"product_id": CANDLE}),
        ({"kind": "store_credit", "amount_minor": 1000}, {"amount_minor": 1000}),
        (
            {"kind": "fixed_amount", "amount": "1", "pricing": "per_point", "points_max": 1000},
            {"amount_minor": 100, "points_max": 1000},
        ),
    ],
)
def test_each_kind_of_reward_is_saved(
    session: Session, aurora: Shop, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    have_candle(session, aurora)

    reward = saved(session, aurora, **given)

    kept = settings_of(reward)
    assert {name: kept[name] for name in expected} == expected
    assert (reward.version, reward.is_active) == (1, True)


AMOUNT = {"kind": "fixed_amount", "amount": "5.00"}


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("kind", {"kind": "gold"}),
        ("name", AMOUNT | {"name": " "}),
        ("name", AMOUNT | {"name": "a\x00b"}),
        ("cost_points", AMOUNT | {"cost_points": 0}),
        ("cost_points", AMOUNT | {"cost_points": -5}),
        ("cost_points", AMOUNT | {"cost_points": "1e3"}),
        ("cost_points", AMOUNT | {"cost_points": None}),
        ("cost_points", AMOUNT | {"cost_points": True}),
        ("amount", {"kind": "fixed_amount"}),
        ("amount", {"kind": "fixed_amount", "amount": "0"}),
        ("amount", {"kind": "fixed_amount", "amount": "-1"}),
        ("amount", {"kind": "fixed_amount", "amount": "5.001"}),
        ("amount", {"kind": "fixed_amount", "amount": "NaN"}),
        ("amount", {"kind": "fixed_amount", "amount": "5.00", "amount_minor": 501}),
        ("amount", {"kind": "free_shipping", "amount": "5.00"}),
        ("percentage", {"kind": "percentage"}),
        ("percentage", {"kind": "percentage", "percentage": "0"}),
        ("percentage", {"kind": "percentage", "percentage": "100.01"}),
        ("percentage", {"kind": "percentage", "percentage": "12.345"}),
        ("percentage", {"kind": "percentage", "percentage": "NaN"}),
        ("percentage", {"kind": "percentage", "percentage": 12.5}),
        ("percentage", AMOUNT | {"percentage": "10"}),
        ("product_id", {"kind": "free_product"}),
        ("product_id", {"kind": "free_product", "product_id": 777}),
        ("product_id", AMOUNT | {"product_id": CANDLE}),
        ("pricing", {"kind": "percentage", "percentage": "10", "pricing": "per_point"}),
        ("points_min", AMOUNT | {"points_min": 5}),
        ("points_max", AMOUNT | {"pricing": "per_point", "points_max": 99}),
        ("minimum_cart", AMOUNT | {"minimum_cart": "-1"}),
        ("minimum_cart", {"kind": "store_credit", "amount": "5", "minimum_cart": "1"}),
        ("minimum_cart", {"kind": "free_product", "product_id": CANDLE, "minimum_cart": "1"}),
        ("limit_per_member", AMOUNT | {"limit_per_member": 0}),
        ("limit_period", AMOUNT | {"limit_period": "hour"}),
        ("visibility", AMOUNT | {"visibility": "nowhere"}),
        ("validity_days", AMOUNT | {"validity_days": 0}),
        ("ends_on", AMOUNT | {"starts_on": "2026-12-02", "ends_on": "2026-12-01"}),
        ("starts_on", AMOUNT | {"starts_on": "soon"}),
        ("tier_ids", AMOUNT | {"tier_ids": "gold"}),
        ("tier_ids", AMOUNT | {"tier_ids": ["gold"]}),
        ("tier_ids", AMOUNT | {"tier_ids": ["0192f7a0-0000-7000-8000-000000000000"]}),
        ("code_source", AMOUNT | {"code_source": "magic"}),
        ("code_source", AMOUNT | {"code_source": "stock", "pricing": "per_point"}),
        ("code_source", {"kind": "store_credit", "amount": "5", "code_source": "stock"}),
        ("combines_with", AMOUNT | {"combines_with": ["order"]}),
        ("combines_with", AMOUNT | {"combines_with": {"tax": True}}),
        ("combines_with", AMOUNT | {"combines_with": {"order": "yes"}}),
        ("is_active", AMOUNT | {"is_active": "yes"}),
        ("surprise", AMOUNT | {"surprise": 1}),
    ],
)
def test_what_cannot_work_is_refused_with_its_field(
    session: Session, aurora: Shop, field: str, given: dict[str, Any]
) -> None:
    with pytest.raises(BadReward) as refusal:
        saved(session, aurora, **given)

    assert refusal.value.field == field
    assert session.scalars(select(Reward)).all() == []


def test_a_product_of_another_shop_is_refused(session: Session, aurora: Shop) -> None:
    have_candle(session, aurora)
    borealis = install_shop(session, "borealis", currency="USD", timezone="UTC")

    with pytest.raises(BadReward, match="none of this shop's"):
        saved(session, borealis, kind="free_product", product_id=CANDLE)


def test_a_tier_of_the_shop_is_kept(session: Session, aurora: Shop) -> None:
    have_tiers(session, aurora, ("Gold", 500_00, "2"))
    gold = str(session.scalars(select(Tier.id).where(Tier.name == "Gold")).one())

    reward = saved(session, aurora, **AMOUNT, tier_ids=[gold])

    assert reward.tier_ids == [gold]


def test_a_change_is_a_new_version_with_its_trace(session: Session, aurora: Shop) -> None:
    reward = a_reward(session, aurora)

    change_reward(session, aurora, reward.id, {"cost_points": 150}, actor=STAFF, now=NOON)
    change_reward(session, aurora, reward.id, {"cost_points": 150}, actor=STAFF, now=NOON)

    assert (reward.version, reward.cost_points, reward.amount_minor) == (2, 150, 500)
    rows = session.scalars(select(AuditRow).where(AuditRow.action == "reward_changed")).all()
    assert [(row.details["before"], row.details["after"]) for row in rows] == [
        ({"cost_points": 100}, {"cost_points": 150})
    ]


def test_a_new_amount_in_money_replaces_the_old_one(session: Session, aurora: Shop) -> None:
    reward = a_reward(session, aurora)

    change_reward(session, aurora, reward.id, {"amount": "7.50"}, actor=STAFF, now=NOON)

    assert reward.amount_minor == 750


def test_a_reward_stays_of_its_kind(session: Session, aurora: Shop) -> None:
    reward = a_reward(session, aurora)

    with pytest.raises(BadReward, match="stays fixed_amount"):
        change_reward(session, aurora, reward.id, {"kind": "percentage"}, actor=STAFF, now=NOON)


def test_a_reward_of_nobody_is_not_found(session: Session, aurora: Shop) -> None:
    with pytest.raises(RewardNotFound):
        change_reward(session, aurora, new_id(), {"name": "x"}, actor=STAFF, now=NOON)
