"""R82, R83: joining a campaign and leaving it stand on the member's timeline in words."""

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
            timeline.CAMPAIGN_JOINED,
            {"campaign": "Spring <sale>", "campaign_id": "1"},
            ("Campaign joined", "Spring &lt;sale&gt;"),
        ),
        (
            timeline.CAMPAIGN_DISJOINED,
            {"campaign": "Spring", "campaign_id": "1", "campaign_reason": "unsubscribed"},
            ("Campaign disjoined", "Spring", "Has unsubscribed"),
        ),
        (
            timeline.POINTS_ADDED,
            {"points": 50, "entry_kind": "grant", "reason": "campaign"},
            ("Points added", "+50", "Reason: Campaign"),
        ),
    ],
)
def test_campaigns_are_told_in_words(
    aurora: ShopAndClient, alice: UUID, kind: str, details: dict[str, Any], words: tuple[str, ...]
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        timeline.note_event(session, aurora.shop_id, alice, kind, utc_now(), **details)

    shown = timeline_of(aurora, alice)

    assert [word for word in words if word not in shown] == []
