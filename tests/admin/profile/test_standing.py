"""R17, R29, R40, R42, R48, R92, R151, R159: tiers and badges on the pages."""

import re
from uuid import UUID

import pytest

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.shops.directory import get_shop
from loyalty.tiers.by_hand import set_tier_by_hand
from tests.admin.cast import ShopAndClient
from tests.admin.profile.test_profile import order
from tests.loyalty.tiers.cast import have_tiers


@pytest.fixture
def silver(aurora: ShopAndClient, alice: UUID) -> None:
    """Aurora has tiers, and Alice was made Silver by hand."""
    with shop_transaction(aurora.shop_id) as session:
        shop = get_shop(session, aurora.shop_id)
        tiers = have_tiers(session, shop)
        set_tier_by_hand(
            session,
            shop,
            alice,
            mode="floor",
            tier_id=tiers["Silver"].id,
            reason="Knows the founder",
            until_on=None,
            actor=Actor("staff", "42"),
            now=utc_now(),
        )


def test_tier_column_is_there_while_tiers_are_on(
    aurora: ShopAndClient, alice: UUID, silver: None
) -> None:
    page = aurora.get("/app/members").text

    assert re.search(
        r'<th scope="col" class="from-tablet">\s*<a href="[^"]+" id="sort-tier">', page
    )
    assert re.search(r'<td class="from-tablet"><span class="badge ">Silver</span></td>', page)


def test_tier_column_is_hidden_while_tiers_are_off(aurora: ShopAndClient, alice: UUID) -> None:
    page = aurora.get("/app/members").text

    assert 'id="sort-joined"' in page
    assert 'id="sort-tier"' not in page


def test_profile_shows_the_tier_and_what_was_set_by_hand(
    aurora: ShopAndClient, alice: UUID, silver: None
) -> None:
    page = aurora.get(f"/app/members/{alice}").text

    header = page.split('<header class="page-header">')[1].split("</header>")[0]
    assert "Silver" in header
    tier = page.split("<dt>Tier</dt>")[1].split("</div>")[0]
    assert "Silver" in tier and "Not below it" in tier and "Knows the founder" in tier


def test_timeline_tells_from_which_tier_to_which_and_why(
    aurora: ShopAndClient, alice: UUID, silver: None
) -> None:
    page = aurora.get(f"/app/members/{alice}").text

    told = page.split("Tier changed")[1].split("</li>")[0]
    assert "No tier → Silver, set by hand" in told
    assert "Reason: Knows the founder" in told


def test_profile_shows_badges_and_the_timeline_tells_of_them(
    aurora: ShopAndClient, alice: UUID
) -> None:
    order(aurora, alice, 1, 1000)

    page = aurora.get(f"/app/members/{alice}").text

    header = page.split('<header class="page-header">')[1].split("</header>")[0]
    assert 'title="Placed a first order">First order</span>' in header
    assert "First order" in page.split("Badge earned")[1].split("</li>")[0]


def test_profile_without_tiers_says_nothing_of_them(aurora: ShopAndClient, alice: UUID) -> None:
    assert "<dt>Tier</dt>" not in aurora.get(f"/app/members/{alice}").text
