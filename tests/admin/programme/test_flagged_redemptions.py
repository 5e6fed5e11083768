"""R156, R166: redemptions that stand out are listed with why, and lead to their member."""

from loyalty.base.db import shop_transaction
from loyalty.redemption.tables import Redemption
from tests.admin.cast import ShopAndClient
from tests.admin.profile.test_rewards import have_points, have_reward, redeem, redemptions
from tests.admin.programme.programme_cast import PROGRAMME

PAGE = f"{PROGRAMME}/redemptions"


def flag(shop: ShopAndClient, name: str, *flags: str) -> str:
    """The address of a member of that name, who redeemed and is flagged so."""
    member = shop.enrol(name, "Archer", f"{name.lower()}@example.com")
    have_points(shop, member, 500)
    assert redeem(shop, member, have_reward(shop, "Mug", 100, f"{name}-1")).status_code == 200
    [one] = redemptions(shop, member)
    with shop_transaction(shop.shop_id) as session:
        session.get_one(Redemption, (shop.shop_id, one.id)).flags = list(flags)
    return f"/app/members/{member}"


def test_each_says_why_and_leads_to_its_member(
    aurora: ShopAndClient, borealis: ShopAndClient
) -> None:
    address = flag(aurora, "Alice", "velocity_member", "used_after_return")
    theirs = flag(borealis, "Bob", "used_twice")

    page = aurora.get(PAGE).text

    assert "The member redeemed more often than usual within 24 hours" in page
    assert "An order used the code after its points had come back" in page
    assert f'href="{address}"' in page and "Alice Archer" in page
    assert theirs not in page and "Bob" not in page


def test_one_without_a_flag_is_not_listed(aurora: ShopAndClient) -> None:
    flag(aurora, "Alice")

    page = aurora.get(PAGE).text

    assert "Nothing unusual" in page and "Alice" not in page
