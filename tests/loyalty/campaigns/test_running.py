"""R154: a campaign is started when it can be sent, now or later, and paused, resumed, stopped."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from loyalty.base.errors import BadCampaign, BadCampaignState
from loyalty.campaigns import running
from loyalty.campaigns.saving import get_campaign
from loyalty.coupons.saving import end_coupon
from loyalty.members.tables import Member
from loyalty.segments.tables import Segment
from loyalty.shops.tables import Shop
from mailing import setup as mail_setup
from tests.factories.facts import NOON
from tests.loyalty.campaigns.cast import STAFF, agree, draft, prepared, segment, started
from tests.loyalty.coupons.cast import add
from tests.loyalty.earning.cast import promotion


@pytest.fixture
def vip(session: Session, aurora: Shop, alice: Member) -> Segment:
    """A segment of Alice, who said yes."""
    agree(session, alice)
    return segment(session, aurora, [alice])


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("channels", {"channels": []}),
        ("segment_ids", {"segment_ids": []}),
        ("subject", {"subject": ""}),
        ("text", {"text": ""}),
        ("subject", {"subject": "For {{ fist_name }}"}),
        ("text", {"text": "Hello\n{{ first_name"}),
        ("button", {"link_path": "/collections/sale"}),
        ("push_text", {"channels": ["push"]}),
        ("push_text", {"channels": ["push"], "push_text": "For {{ first_name }}"}),
    ],
)
def test_what_is_missing_or_wrong_is_named_and_nothing_is_started(
    session: Session, aurora: Shop, vip: Segment, field: str, changes: dict[str, Any]
) -> None:
    campaign = draft(session, aurora, vip, **changes)

    with pytest.raises(BadCampaign) as refused:
        running.start(session, aurora, campaign.id, actor=STAFF, now=NOON)

    assert refused.value.field == field
    assert get_campaign(session, aurora.shop_id, campaign.id).state == "draft"


def test_a_wrong_merge_field_is_named_with_its_line(
    session: Session, aurora: Shop, vip: Segment
) -> None:
    campaign = draft(session, aurora, vip, text="Hello\n{{ fist_name }}")

    with pytest.raises(BadCampaign, match="Line 2"):
        running.start(session, aurora, campaign.id, actor=STAFF, now=NOON)


def test_an_empty_audience_is_refused(session: Session, aurora: Shop) -> None:
    campaign = draft(session, aurora, segment(session, aurora, []))

    with pytest.raises(BadCampaign, match="Nobody") as refused:
        running.start(session, aurora, campaign.id, actor=STAFF, now=NOON)

    assert refused.value.field == "segment_ids"


def test_a_segment_that_is_still_being_filled_or_cannot_be_used_is_refused(
    session: Session, aurora: Shop, vip: Segment
) -> None:
    campaign = draft(session, aurora, vip)

    vip.refreshed_at = None
    session.flush()
    with pytest.raises(BadCampaign, match="still being filled"):
        running.start(session, aurora, campaign.id, actor=STAFF, now=NOON)

    vip.refreshed_at, vip.error = NOON, "asks for a fact that is no more"
    session.flush()
    with pytest.raises(BadCampaign, match="no more"):
        running.start(session, aurora, campaign.id, actor=STAFF, now=NOON)


def test_without_emails_there_is_no_email_campaign(
    session: Session, aurora: Shop, vip: Segment
) -> None:
    campaign = draft(session, aurora, vip)
    mail_setup.configure(replace(mail_setup.current(), sender=""))

    with pytest.raises(BadCampaign) as refused:
        running.start(session, aurora, campaign.id, actor=STAFF, now=NOON)

    assert refused.value.field == "channels"


def test_a_coupon_that_is_over_is_refused(session: Session, aurora: Shop, vip: Segment) -> None:
    coupon = add(session, aurora)
    campaign = draft(session, aurora, vip, coupon_id=str(coupon.id))
    end_coupon(session, aurora.shop_id, coupon.id, actor=STAFF, now=NOON)

    with pytest.raises(BadCampaign) as refused:
        running.start(session, aurora, campaign.id, actor=STAFF, now=NOON)

    assert refused.value.field == "coupon_id"


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"is_active": False}, "is switched off"), ({"ends_on": NOON.date()}, "is over by then")],
)
def test_a_promotion_that_will_not_run_by_then_is_refused(
    session: Session, aurora: Shop, vip: Segment, changes: dict[str, Any], said: str
) -> None:
    double = promotion(session, aurora, "2", name="Double")
    told = {"promotion_id": str(double.id), "starts_at": "2026-12-01T09:00"}
    campaign = draft(session, aurora, vip, **told)
    for name, value in changes.items():
        setattr(double, name, value)
    session.flush()

    with pytest.raises(BadCampaign, match=said) as refused:
        running.start(session, aurora, campaign.id, actor=STAFF, now=NOON)

    assert refused.value.field == "promotion_id"


def test_a_promotion_that_ends_while_it_is_paused_is_not_resumed(
    session: Session, aurora: Shop, vip: Segment
) -> None:
    double = promotion(session, aurora, "2", name="Double")
    campaign = prepared(session, aurora, vip, promotion_id=str(double.id))
    running.pause(session, aurora, campaign.id, actor=STAFF, now=NOON)
    double.is_active = False
    session.flush()

    with pytest.raises(BadCampaign, match="switched off"):
        running.resume(session, aurora, campaign.id, actor=STAFF, now=NOON)


def test_starting_twice_is_starting_once(session: Session, aurora: Shop, vip: Segment) -> None:
    campaign = started(session, aurora, vip)
    again = running.start(
        session, aurora, campaign.id, actor=STAFF, now=NOON + timedelta(minutes=1)
    )

    assert (again.state, again.started_at) == ("preparing", NOON)


def test_one_with_a_time_waits_for_it(session: Session, aurora: Shop, vip: Segment) -> None:
    campaign = started(session, aurora, vip, starts_at="2026-12-01T09:00")

    assert (campaign.state, campaign.started_at) == ("scheduled", None)


def test_a_time_that_is_over_by_then_is_refused(
    session: Session, aurora: Shop, vip: Segment
) -> None:
    campaign = draft(session, aurora, vip, starts_at="2026-12-01T09:00")

    with pytest.raises(BadCampaign) as refused:
        running.start(session, aurora, campaign.id, actor=STAFF, now=NOON + timedelta(days=30))

    assert refused.value.field == "starts_at"


def test_a_pause_holds_until_it_is_resumed(session: Session, aurora: Shop, vip: Segment) -> None:
    early, late = started(session, aurora, vip), prepared(session, aurora, vip)

    for campaign, state in ((early, "preparing"), (late, "sending")):
        for _ in range(2):
            running.pause(session, aurora, campaign.id, actor=STAFF, now=NOON)
        assert campaign.state == "paused"
        for _ in range(2):
            running.resume(session, aurora, campaign.id, actor=STAFF, now=NOON)
        assert campaign.state == state


def test_what_is_not_under_way_is_neither_paused_nor_resumed_nor_stopped(
    session: Session, aurora: Shop, vip: Segment
) -> None:
    campaign = draft(session, aurora, vip)

    for move in (running.pause, running.resume, running.stop):
        with pytest.raises(BadCampaignState):
            move(session, aurora, campaign.id, actor=STAFF, now=NOON)


def test_a_stopped_one_stays_stopped(session: Session, aurora: Shop, vip: Segment) -> None:
    campaign = prepared(session, aurora, vip)

    for _ in range(2):
        running.stop(session, aurora, campaign.id, actor=STAFF, now=NOON)

    assert campaign.state == "stopped"
    for move in (running.start, running.pause, running.resume):
        with pytest.raises(BadCampaignState):
            move(session, aurora, campaign.id, actor=STAFF, now=NOON)
