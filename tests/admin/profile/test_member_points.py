"""R52 and the expiry calendar: what the Overview says of a member's points."""

import re
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from loyalty.base.clock import day_in, utc_now
from loyalty.base.db import shop_transaction
from loyalty.ledger.tables import Lot
from tests.admin.cast import ShopAndClient
from tests.admin.profile.test_profile import order


@pytest.fixture
def path(alice: UUID) -> str:
    """Alice's page."""
    return f"/app/members/{alice}"


def give(shop: ShopAndClient, path: str, points: int, last_valid_on: date | None) -> None:
    """Points by hand that can be spent until then."""
    key = f"{points} until {last_valid_on}"
    shop.post(f"{path}/adjustments", points=str(points), reason="other", client_key=key)
    with shop_transaction(shop.shop_id) as session:
        lot = session.scalars(select(Lot).where(Lot.points == points)).one()
        lot.last_valid_on = last_valid_on


def test_summary_says_what_is_there_earned_and_spent(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    order(aurora, alice, 1, 123_400)
    aurora.post(f"{path}/adjustments", points="-34", reason="other", client_key="key-1")

    points = aurora.get(path).text.split("<dt>Points</dt>")[1].split("</div>")[0]

    assert "1,200 now" in points
    assert "1,234 earned in all, 0 spent on rewards" in points


def test_points_stand_by_their_last_day_soonest_first(aurora: ShopAndClient, path: str) -> None:
    soon = day_in("Europe/Madrid", utc_now()) + timedelta(days=30)
    give(aurora, path, 7, None)
    give(aurora, path, 250, date(2099, 3, 31))
    give(aurora, path, 30, soon)

    page = aurora.get(path).text

    calendar = page.split('class="index expiry"')[1].split("</table>")[0]
    rows = re.findall(r'<th scope="row">(.*?)</th>\s*<td class="numeric">(\d+)<', calendar)
    assert [points for _, points in rows] == ["30", "250", "7"]
    assert "Soon" in rows[0][0] and "Soon" not in rows[1][0]
    assert (rows[1][0], rows[2][0]) == ("Mar 31, 2099", "Never")


def test_without_points_nothing_can_expire(aurora: ShopAndClient, path: str) -> None:
    assert "There are no points that could expire." in aurora.get(path).text
