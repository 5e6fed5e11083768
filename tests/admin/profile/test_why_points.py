"""R107: why an order has its points, line by line."""

import re
from uuid import UUID

from tests.admin.cast import ShopAndClient
from tests.admin.profile.test_profile import order


def test_each_line_is_multiplied_out_to_what_it_gave(aurora: ShopAndClient, alice: UUID) -> None:
    order(aurora, alice, 7, 1_250)

    tab = aurora.get(f"/app/members/{alice}?tab=orders").text
    button = re.search(r'aria-label="Why 12 points for order #7\?" hx-get="([^"]+)"', tab)
    assert button
    told = aurora.get(button.group(1)).text

    assert "€12.50 × 1 per unit = 12.5" in told
    assert "Together, rounded down: 12 points" in told
    assert "<strong>12 points</strong> stand with order <bdi>#7</bdi>" in told


def test_an_order_is_explained_on_its_own_members_page_alone(
    aurora: ShopAndClient, borealis: ShopAndClient, alice: UUID, bob: UUID
) -> None:
    order(aurora, alice, 7, 1_250)
    carol = aurora.enrol("Carol", "Clark", "carol@example.com")

    answers = [
        aurora.get(f"/app/members/{carol}/orders/7/points"),
        borealis.get(f"/app/members/{bob}/orders/7/points"),
        aurora.get(f"/app/members/{bob}/orders/7/points"),
        aurora.get(f"/app/members/{alice}/orders/8/points"),
        aurora.get(f"/app/members/{alice}/orders/{2**70}/points"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
