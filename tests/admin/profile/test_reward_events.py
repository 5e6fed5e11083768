"""What orders do to a reward's code stands on the member's page in words."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.orders.facts import CodeFacts
from loyalty.orders.recording import record_order
from loyalty.redemption import returning
from loyalty.shops.directory import get_shop
from shopify_app.platform.reconciling import codes
from tests.admin.cast import ShopAndClient
from tests.admin.profile.test_rewards import (
    STAFF,
    card_of,
    have_points,
    have_reward,
    redeem,
    redemptions,
)
from tests.admin.profile.test_till_events import timeline_of
from tests.factories.facts import a_line, an_order


def test_uses_and_returns_are_told_with_the_order_and_the_points(
    aurora: ShopAndClient, alice: UUID
) -> None:
    have_points(aurora, alice, 100)
    redeem(aurora, alice, have_reward(aurora, "Five", 90, codes="A1"))

    _order(aurora, 1)
    _order(aurora, 1, current_quantity=2)
    _order(aurora, 2)

    shown = timeline_of(aurora, alice)
    told = ("Reward used", "Five", "Order #1", "Order #2")
    returned = ("Reward returned", "30 points came back", "Reason: Order refunded")
    late = "Its points had come back, or were another order&#39;s: they were taken again"
    assert [word for word in (*told, *returned, late) if word not in shown] == []


@pytest.mark.parametrize(
    ("reason", "on_the_card", "in_the_timeline"),
    [
        ("voided_at_till", "at the till", "Reason: Taken back at the till"),
        (
            codes.REASON,
            "code deleted or ended in Shopify",
            "Reason: Code deleted or ended in Shopify",
        ),
    ],
)
def test_why_a_reward_was_taken_back_is_said_in_words(
    aurora: ShopAndClient, alice: UUID, reason: str, on_the_card: str, in_the_timeline: str
) -> None:
    have_points(aurora, alice, 100)
    redeem(aurora, alice, have_reward(aurora, "Five", 90, codes="A1"))
    [made] = redemptions(aurora, alice)

    with shop_transaction(aurora.shop_id) as session:
        now = utc_now()
        returning.begin(session, aurora.shop_id, made.id, reason=reason, actor=STAFF, now=now)
        returning.finish(session, aurora.shop_id, made.id, now=now)

    page = aurora.get(f"/app/members/{alice}")
    assert on_the_card in card_of(page) and in_the_timeline in page.text
    assert reason not in page.text


def _order(shop: ShopAndClient, order_id: int, **line: Any) -> None:
    """A guest's three candles, with the code."""
    now = utc_now()
    candles = a_line(1, quantity=3, gross_minor=3000, **line)
    used = (CodeFacts("A1", 500, ((1, 500),)),)
    with shop_transaction(shop.shop_id) as session:
        row = get_shop(session, shop.shop_id)
        at = now - timedelta(minutes=1)
        facts = an_order(
            order_id,
            candles,
            customer_id=None,
            currency=row.currency,
            created_at=at,
            processed_at=at,
            updated_at=now,
            codes=used,
        )
        record_order(session, row, facts, now=now, is_backfill=False)
