"""R154: a campaign is written as a draft, whose every field is checked."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from loyalty.base.db import enter_shop
from loyalty.base.errors import BadCampaign, BadCampaignState, CampaignNotFound
from loyalty.campaigns.saving import change_campaign, get_campaign, remove_campaign
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.campaigns.cast import STAFF, agree, draft, segment, started
from tests.loyalty.conftest import install_shop


def test_a_draft_may_be_unfinished(session: Session, aurora: Shop) -> None:
    campaign = draft(session, aurora, channels=[], subject="", text="")

    assert (campaign.state, campaign.channels, campaign.segment_ids) == ("draft", [], [])
    assert (campaign.topic, campaign.holdout_percent, campaign.order_days) == ("offers", 0, 14)


def test_a_time_is_on_the_shops_clock(session: Session, aurora: Shop) -> None:
    winter = draft(session, aurora, starts_at="2026-12-01T09:00")
    summer = draft(session, aurora, starts_at="2027-07-01T09:00")

    assert winter.starts_at == datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
    assert summer.starts_at == datetime(2027, 7, 1, 7, 0, tzinfo=UTC)


def test_a_minute_that_comes_twice_is_the_first_and_one_that_never_comes_is_later(
    session: Session, aurora: Shop
) -> None:
    twice = draft(session, aurora, starts_at="2027-10-31T02:30")
    never = draft(session, aurora, starts_at="2027-03-28T02:30")

    assert twice.starts_at == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert never.starts_at == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "  "),
        ("name", "x" * 81),
        ("channels", ["fax"]),
        ("segment_ids", ["VIP"]),
        ("segment_ids", ["00000000-0000-7000-8000-000000000001"]),
        ("topic", "weather"),
        ("subject", "x" * 151),
        ("text", "bell \a"),
        ("button", "x" * 41),
        ("link_path", "https://elsewhere.example/"),
        ("link_path", "//elsewhere.example/"),
        ("link_path", "/\\elsewhere.example/"),
        ("link_path", "/a b"),
        ("link_path", "sale"),
        ("push_text", "x" * 151),
        ("holdout_percent", "51"),
        ("holdout_percent", "-1"),
        ("holdout_percent", "1.5"),
        ("order_days", "0"),
        ("order_days", "91"),
        ("bonus_points", "0"),
        ("bonus_points", "1000001"),
        ("coupon_id", "00000000-0000-7000-8000-000000000001"),
        ("promotion_id", "00000000-0000-7000-8000-000000000001"),
        ("starts_at", "tomorrow"),
        ("starts_at", "2026-11-22T12:59"),
        ("starts_at", "2026-12-01T09:00+01:00"),
        ("state", "done"),
    ],
)
def test_a_field_that_cannot_be_so_is_named(
    session: Session, aurora: Shop, field: str, value: Any
) -> None:
    with pytest.raises(BadCampaign) as refused:
        draft(session, aurora, **{field: value})

    assert refused.value.field == field


def test_another_shops_segment_and_campaign_are_not_there(session: Session, aurora: Shop) -> None:
    theirs = segment(session, aurora, [])
    campaign = draft(session, aurora, theirs)
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/New_York")

    with pytest.raises(BadCampaign):
        draft(session, borealis, theirs)
    with pytest.raises(CampaignNotFound):
        get_campaign(session, borealis.shop_id, campaign.id)
    enter_shop(session, aurora.shop_id)


def test_a_scheduled_one_that_is_changed_is_a_draft_again(
    session: Session, aurora: Shop, alice: Member
) -> None:
    agree(session, alice)
    vip = segment(session, aurora, [alice])
    campaign = started(session, aurora, vip, starts_at="2026-12-01T09:00")
    assert campaign.state == "scheduled"

    given = {"name": "Later", "segment_ids": [str(vip.id)]}
    change_campaign(session, aurora, campaign.id, given, actor=STAFF, now=NOON)

    assert (campaign.state, campaign.name, campaign.starts_at) == ("draft", "Later", None)


def test_what_has_begun_is_neither_changed_nor_removed(
    session: Session, aurora: Shop, alice: Member
) -> None:
    agree(session, alice)
    campaign = started(session, aurora, segment(session, aurora, [alice]))

    with pytest.raises(BadCampaignState):
        change_campaign(session, aurora, campaign.id, {"name": "X"}, actor=STAFF, now=NOON)
    with pytest.raises(BadCampaignState):
        remove_campaign(session, aurora.shop_id, campaign.id, actor=STAFF, now=NOON)


def test_a_draft_can_be_removed(session: Session, aurora: Shop) -> None:
    campaign = draft(session, aurora)

    remove_campaign(session, aurora.shop_id, campaign.id, actor=STAFF, now=NOON)

    with pytest.raises(CampaignNotFound):
        get_campaign(session, aurora.shop_id, campaign.id)
