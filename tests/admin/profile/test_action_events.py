"""R91, R93: taps, proofs, birthdays and follows stand on the member's page in words."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from loyalty import timeline
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member
from tests.admin.cast import ShopAndClient
from tests.admin.profile.test_till_events import timeline_of


@pytest.mark.parametrize(
    ("kind", "details", "words"),
    [
        (
            timeline.CUSTOMER_TAPPED,
            {"location": "Main Street", "reader": "Door", "actor": "reader:1"},
            ("Customer tapped", "Main Street · Door"),
        ),
        (timeline.EMAIL_VERIFIED, {}, ("Email address confirmed",)),
        (
            timeline.BIRTHDAY_CHANGED,
            {"is_known": True, "actor": "member:1"},
            ("Birthday changed", "A birthday was given"),
        ),
        (
            timeline.SOCIAL_FOLLOWED,
            {"network": "instagram"},
            ("Follow link opened", "On Instagram"),
        ),
        (
            timeline.POINTS_ADDED,
            {"points": 5, "entry_kind": "earn_action", "reason": "check_in"},
            ("Points added", "Earned with an action", "Checked in", "+5"),
        ),
        (
            timeline.EMAIL_SENT,
            {"email": "verification"},
            ("Email sent", "Confirmation of the email address"),
        ),
    ],
)
def test_event_is_told_in_words(
    aurora: ShopAndClient, alice: UUID, kind: str, details: dict[str, Any], words: tuple[str, ...]
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        timeline.note_event(session, aurora.shop_id, alice, kind, utc_now(), **details)

    shown = timeline_of(aurora, alice)

    assert [word for word in words if word not in shown] == []


def test_details_show_the_birthday_without_a_year(aurora: ShopAndClient, alice: UUID) -> None:
    assert "Birthday" not in aurora.get(f"/app/members/{alice}").text
    with shop_transaction(aurora.shop_id) as session:
        member = session.get_one(Member, (aurora.shop_id, alice))
        member.birthday_on = date(2000, 5, 20)

    page = aurora.get(f"/app/members/{alice}").text

    assert "<dt>Birthday</dt><dd>May 20</dd>" in page
