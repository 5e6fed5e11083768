"""R81, R93, R95: the timeline's details, and its place beside the other tabs."""

from uuid import UUID

import pytest

from loyalty import timeline
from loyalty.base.db import shop_transaction
from loyalty.ledger.posting import Cause, credit, debit, lock_balance
from tests.admin.cast import ShopAndClient
from tests.factories.facts import NOON


@pytest.fixture
def path(alice: UUID) -> str:
    """Alice's profile."""
    return f"/app/members/{alice}"


def test_points_that_were_taken_stand_with_their_sign_and_source(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        balance = lock_balance(session, aurora.shop_id, alice)
        for key, kind, post in (("1", "grant", credit), ("2", "deduct", debit)):
            cause = Cause(kind, f"test:{key}", "test", key, "staff:42", NOON)
            post(session, balance, cause, points=30, now=NOON)  # type: ignore[operator]

    page = aurora.get(path).text

    removed = page.split("Points removed")[1].split("</li>")[0]
    assert "−30" in removed and "Deducted by hand" in removed


def test_events_tell_platform_reason_and_exact_time(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        timeline.note_event(
            *(session, aurora.shop_id, alice, timeline.PUSH_FAILED, NOON),
            platform="apple",
            reason="410 Unregistered",
        )

    failed = aurora.get(path).text.split("Push failed")[1].split("</li>")[0]

    assert "Reason: 410 Unregistered" in failed
    assert "Apple Wallet" in failed
    assert f'datetime="{NOON.isoformat()}"' in failed


@pytest.mark.parametrize(("tab", "is_in_rail"), [("", True), ("orders", True), ("timeline", False)])
def test_timeline_stands_in_the_rail_beside_every_tab_but_its_own(
    aurora: ShopAndClient, path: str, tab: str, is_in_rail: bool
) -> None:
    page = aurora.get(f"{path}?tab={tab}").text

    assert ('<aside aria-label="Timeline">' in page) == is_in_rail
    assert page.count('id="timeline-card"') == 1
