"""R151: a tier set by hand from the profile, with mode, reason and last day; and freed again."""

import re
from uuid import UUID

import pytest
from sqlalchemy import select

from loyalty.audit import AuditRow
from loyalty.base.db import shop_transaction
from loyalty.shops.directory import get_shop
from loyalty.tiers.tables import MemberTier
from tests.admin.cast import DANA, ShopAndClient
from tests.loyalty.tiers.cast import have_tiers


@pytest.fixture
def tiers(aurora: ShopAndClient) -> dict[str, str]:
    """The ids of Aurora's tiers by name."""
    with shop_transaction(aurora.shop_id) as session:
        made = have_tiers(session, get_shop(session, aurora.shop_id))
        return {name: str(tier.id) for name, tier in made.items()}


@pytest.fixture
def path(alice: UUID) -> str:
    """Alice's page."""
    return f"/app/members/{alice}"


def held(shop: ShopAndClient, member: UUID) -> MemberTier | None:
    """What is written of the member's tier."""
    with shop_transaction(shop.shop_id) as session:
        return session.get(MemberTier, (shop.shop_id, member))


def audited(shop: ShopAndClient) -> list[tuple[str, str]]:
    """Who did what to tiers."""
    with shop_transaction(shop.shop_id) as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.id)).all()
        return [(row.actor_id, row.action) for row in rows]


def test_a_floor_holds_at_once_and_says_why_and_until_when(
    aurora: ShopAndClient, alice: UUID, path: str, tiers: dict[str, str]
) -> None:
    answer = aurora.post(
        f"{path}/tier",
        mode="floor",
        tier=tiers["Gold"],
        tier_reason="Knows the founder",
        until="2099-12-31",
    )

    assert answer.status_code == 204
    page = aurora.get(path).text
    tier = page.split("<dt>Tier</dt>")[1].split("</div>")[0]
    assert "Gold" in tier and "Not below it, by hand until Dec 31, 2099" in tier
    assert "Knows the founder" in tier
    assert "No tier → Gold, set by hand" in page
    assert audited(aurora) == [(str(DANA), "tier_set")]


def test_what_is_set_stands_in_the_form_and_is_freed_again(
    aurora: ShopAndClient, alice: UUID, path: str, tiers: dict[str, str]
) -> None:
    aurora.post(f"{path}/tier", mode="lock", tier=tiers["Silver"], tier_reason="Staff", until="")
    form = aurora.get(path).text.split('id="tier-form"')[1].split("</form>")[0]

    answer = aurora.post(f"{path}/tier/free")
    again = aurora.post(f"{path}/tier/free")

    assert 'value="lock" checked' in form and 'value="Staff"' in form
    assert f'value="{tiers["Silver"]}" selected' in form
    assert (answer.status_code, again.status_code) == (204, 204)
    row = held(aurora, alice)
    assert row is not None and (row.hand_mode, row.tier_id) == (None, None)
    assert audited(aurora) == [(str(DANA), "tier_set"), (str(DANA), "tier_freed")]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("tier_reason", {"tier_reason": " "}),
        ("tier_reason", {"tier_reason": "x" * 201}),
        ("tier", {"tier": ""}),
        ("tier", {"tier": "gold"}),
        ("tier", {"tier": str(UUID(int=7))}),
        ("until", {"until": "2001-01-01"}),
        ("until", {"until": "tomorrow"}),
        ("mode", {"mode": "ceiling"}),
    ],
)
def test_bad_input_is_told_beside_its_field_and_keeps_what_was_typed(
    aurora: ShopAndClient,
    alice: UUID,
    path: str,
    tiers: dict[str, str],
    field: str,
    change: dict[str, str],
) -> None:
    good = {"mode": "floor", "tier": tiers["Gold"], "tier_reason": "<b>Kept</b>", "until": ""}

    answer = aurora.post(f"{path}/tier", **(good | change))

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    if "tier_reason" not in change:
        assert 'value="&lt;b&gt;Kept&lt;/b&gt;"' in answer.text
    if "tier" not in change:
        assert re.search(rf'value="{tiers["Gold"]}" selected', answer.text)
    assert held(aurora, alice) is None and audited(aurora) == []


def test_without_tiers_nothing_offers_one(aurora: ShopAndClient, path: str) -> None:
    page = aurora.get(path).text

    assert 'data-open="set-tier"' not in page and 'id="tier-form"' not in page


def test_neither_another_shops_member_nor_its_tier_is_touched(
    aurora: ShopAndClient,
    borealis: ShopAndClient,
    alice: UUID,
    bob: UUID,
    tiers: dict[str, str],
) -> None:
    with shop_transaction(borealis.shop_id) as session:
        have_tiers(session, get_shop(session, borealis.shop_id))
    fields = {"mode": "floor", "tier": tiers["Gold"], "tier_reason": "Friend", "until": ""}

    his_page = aurora.post(f"/app/members/{bob}/tier", **fields)
    her_tier = borealis.post(f"/app/members/{bob}/tier", **fields)
    freed = aurora.post(f"/app/members/{bob}/tier/free")

    assert (his_page.status_code, her_tier.status_code, freed.status_code) == (404, 422, 404)
    assert held(borealis, bob) is None
