"""R168, R158: tiers are written in rows, and whom a change moves is seen before it is saved."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Customer
from loyalty.orders.recording import record_order
from loyalty.programme.rules import get_programme
from loyalty.shops.directory import get_shop
from loyalty.tiers.tables import Tier
from tests.admin.cast import ShopAndClient
from tests.admin.forms import Fields, fields_of
from tests.admin.programme.programme_cast import PROGRAMME, all_of, audited, place, send
from tests.factories.facts import an_order

TIERS = f"{PROGRAMME}/tiers"
GOLD = {"tier.0.name": "Gold", "tier.0.threshold": "5", "tier.0.multiplier": "1.5"}


def wrote(fields: Fields, typed: dict[str, str]) -> Fields:
    return [(name, value) for name, value in fields if name not in typed] + list(typed.items())


def form(shop: ShopAndClient) -> Fields:
    return fields_of(shop.get(TIERS).text, "tier-form")


def plan_gold(shop: ShopAndClient, **typed: str) -> Fields:
    return wrote(form(shop), {"is_on": "1"} | GOLD | typed)


def save_gold(shop: ShopAndClient) -> Tier:
    seen = fields_of(send(shop, TIERS, plan_gold(shop)).text, "tier-form")
    assert place(send(shop, TIERS, seen)) == TIERS
    [tier] = all_of(shop, Tier)
    assert isinstance(tier, Tier)
    return tier


def test_who_moves_is_seen_first_and_saved_by_the_second_click(
    aurora: ShopAndClient, alice: UUID
) -> None:
    buy(aurora, alice)

    preview = send(aurora, TIERS, plan_gold(aurora))

    assert preview.status_code == 200
    assert "Of 1 members 1 rise and 0 fall" in preview.text
    assert "<bdi>No tier</bdi> to <bdi>Gold</bdi>: 1" in preview.text
    assert all_of(aurora, Tier) == [] and audited(aurora, "tiers_saved") == []

    saved = send(aurora, TIERS, fields_of(preview.text, "tier-form"))

    assert place(saved) == TIERS
    [tier] = all_of(aurora, Tier)
    assert (tier.name, tier.threshold, tier.multiplier) == ("Gold", 500, Decimal("1.5"))
    assert len(audited(aurora, "tiers_saved")) == 1
    assert ("tier.0.threshold", "5.00") in form(aurora)


def test_a_plan_that_was_changed_since_its_preview_is_previewed_anew(
    aurora: ShopAndClient, alice: UUID
) -> None:
    buy(aurora, alice)
    seen = fields_of(send(aurora, TIERS, plan_gold(aurora)).text, "tier-form")

    answer = send(aurora, TIERS, wrote(seen, {"tier.0.threshold": "50"}))

    assert answer.status_code == 200 and "nobody moves" in answer.text
    assert all_of(aurora, Tier) == []


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("metric", "luck"),
        ("cycle", "moon"),
        ("grace_days", "366"),
        ("grace_days", ""),
        ("tier.0.name", ""),
        ("tier.0.threshold", "-1"),
        ("tier.0.threshold", "much"),
        ("tier.0.multiplier", "0"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_with_what_was_typed(
    aurora: ShopAndClient, field: str, text: str
) -> None:
    answer = send(aurora, TIERS, plan_gold(aurora, **{field: text}))

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert ("is_on", "1") in fields_of(answer.text, "tier-form")
    if field not in ("metric", "cycle"):
        assert (field, text) in fields_of(answer.text, "tier-form")
    assert all_of(aurora, Tier) == []


def test_tiers_without_a_tier_are_not_turned_on(aurora: ShopAndClient) -> None:
    answer = send(aurora, TIERS, wrote(form(aurora), {"is_on": "1"}))

    assert answer.status_code == 422
    assert "Add a tier before you turn tiers on" in answer.text
    with shop_transaction(aurora.shop_id) as session:
        assert not get_programme(session, aurora.shop_id).tiers_on


def test_rows_come_and_go_without_being_saved(aurora: ShopAndClient) -> None:
    tier = save_gold(aurora)

    more = send(aurora, f"{TIERS}/rows", [*form(aurora), ("do", "add")]).text
    assert ("tier.1.multiplier", "1") in fields_of(more, "tier-form")

    less = send(aurora, f"{TIERS}/rows", [*form(aurora), ("do", "remove 0")]).text
    assert "tier.0.name" not in dict(fields_of(less, "tier-form"))
    assert [each.id for each in all_of(aurora, Tier)] == [tier.id]


def test_a_tier_that_is_renamed_stays_the_same_one(aurora: ShopAndClient) -> None:
    tier = save_gold(aurora)

    seen = send(aurora, TIERS, wrote(form(aurora), {"tier.0.name": "Amber"})).text
    place(send(aurora, TIERS, fields_of(seen, "tier-form")))

    assert [(each.id, each.name) for each in all_of(aurora, Tier)] == [(tier.id, "Amber")]


def test_another_shops_tier_is_refused(aurora: ShopAndClient, borealis: ShopAndClient) -> None:
    tier = save_gold(borealis)

    for wanted in (tier.id, uuid4()):
        answer = send(aurora, TIERS, plan_gold(aurora, **{"tier.0.id": str(wanted)}))
        assert answer.status_code == 422 and "There is no such tier" in answer.text
    assert send(aurora, TIERS, plan_gold(aurora, **{"tier.0.id": "none"})).status_code == 404
    assert all_of(aurora, Tier) == []
    assert [each.name for each in all_of(borealis, Tier)] == ["Gold"]


def buy(shop: ShopAndClient, member: UUID) -> None:
    """The member's order of 10 euros."""
    now = utc_now()
    with shop_transaction(shop.shop_id) as session:
        customer = session.scalars(select(Customer).where(Customer.member_id == member)).one()
        facts = an_order(5123, customer_id=customer.customer_id, processed_at=now, created_at=now)
        record_order(session, get_shop(session, shop.shop_id), facts, now=now, is_backfill=False)
