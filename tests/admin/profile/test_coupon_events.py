"""R90: coupons stand on the member's page in words."""

from typing import Any
from uuid import UUID

import pytest

from loyalty import timeline
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from tests.admin.cast import ShopAndClient
from tests.admin.profile.test_till_events import timeline_of


@pytest.mark.parametrize(
    ("kind", "details", "words"),
    [
        (
            timeline.COUPON_ASSIGNED,
            {"coupon": "Five <off>", "coupon_code_id": "1"},
            ("Coupon assigned", "Five &lt;off&gt;"),
        ),
        (
            timeline.COUPON_USED,
            {"coupon": "Five off", "order_id": 1, "order_name": "#1001"},
            ("Coupon used", "Five off", "Order #1001"),
        ),
        (
            timeline.COUPON_REFUSED,
            {"coupon": "Five off", "coupon_code_id": "1", "reason": "It is too long"},
            ("Coupon refused by Shopify", "Five off", "Reason: It is too long"),
        ),
        (timeline.EMAIL_SENT, {"email": "coupon"}, ("Email sent", "Coupon")),
        (timeline.EMAIL_SENT, {"email": "reward"}, ("Email sent", "Code of a reward")),
    ],
)
def test_coupons_are_told_in_words(
    aurora: ShopAndClient, alice: UUID, kind: str, details: dict[str, Any], words: tuple[str, ...]
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        timeline.note_event(session, aurora.shop_id, alice, kind, utc_now(), **details)

    shown = timeline_of(aurora, alice)

    assert [word for word in words if word not in shown] == []
