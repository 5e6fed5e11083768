"""The sweep of redemptions: one that Shopify is slow to answer for holds up no other."""

from datetime import timedelta

import pytest

from config import Settings
from jobs import redemptions
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.redemption.reserving import reserve
from loyalty.redemption.tables import Redemption
from loyalty.shops.directory import get_shop
from shopify_app.platform import installations
from shopify_app.platform.session_tokens import verify
from tests.platform.redeeming_cast import STAFF, Redeemer, make_redeemer
from tests.platform.shopify import Shopify


@pytest.fixture
def alice(shopify: Shopify, connected: Settings) -> Redeemer:
    """Alice with 1000 points in Aurora, which is installed."""
    return make_redeemer(
        shopify, installations.ensure_installed(verify(shopify.id_token(), connected))
    )


def reserved_and_left(alice: Redeemer, count: int) -> list[Redemption]:
    """So many redemptions whose codes nobody has made: whoever began has died."""
    reward = alice.a_reward()
    with shop_transaction(alice.shop_id) as session:
        shop, ago = get_shop(session, alice.shop_id), utc_now() - timedelta(minutes=5)
        return [
            reserve(session, shop, alice.member_id, alice.a_wish(reward), actor=STAFF, now=ago)
            for _ in range(count)
        ]


def test_one_redemption_without_an_answer_holds_up_no_other(alice: Redeemer) -> None:
    # given four that wait, and a Shopify that says nothing to the first call for as long as it may
    waiting = reserved_and_left(alice, 4)
    alice.shopify.fail("graphql", "stall", topic="DiscountByCode", seconds=10, count=1)
    # when
    assert redemptions.bring_on_due(alice.shop_id) == 4
    # then the others had their codes before that one was put off
    rows = [alice.read(one.id) for one in waiting]
    [silent] = [row for row in rows if row.state == "reserved"]
    others = [row for row in rows if row.state == "issued"]
    assert len(others) == 3 and silent.next_at is not None
    put_off_at = silent.next_at - timedelta(seconds=5)
    assert all(row.issued_at is not None and row.issued_at < put_off_at for row in others)
    # and it is made at its next turn
    alice.make_due(silent.id)
    assert redemptions.bring_on_due(alice.shop_id) == 1
    assert alice.read(silent.id).state == "issued" and alice.points == 600
